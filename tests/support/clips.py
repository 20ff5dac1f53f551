"""Small videos of every kind, written by PyAV for the tests of the sources."""

from fractions import Fraction

import av
import numpy as np
import pytest

WIDTH, HEIGHT = 96, 64


def grey(level, size=(WIDTH, HEIGHT)):
    return np.full((size[1], size[0], 3), level, np.uint8)


def corner(size=(WIDTH, HEIGHT)):
    """Black, with a white rectangle in the top left corner."""
    image = grey(0, size)
    image[: size[1] // 3, : size[0] // 3] = 255
    return image


def stream_of(container, codec, size, **settings):
    """A stream of an encoder; the test is skipped where this build of FFmpeg has none."""
    try:
        av.Codec(codec, "w")
    except av.codec.codec.UnknownCodecError:
        pytest.skip(f"this FFmpeg has no encoder {codec}")
    stream = container.add_stream(codec, rate=settings.pop("rate", 10))
    stream.width, stream.height = size
    stream.pix_fmt = settings.pop("pix_fmt", "yuv420p")
    stream.codec_context.time_base = Fraction(1, 1000)
    for name, value in settings.items():
        setattr(stream, name, value)
    return stream


def write(file, images, *, codec="libx264", times_s=None, edit=None, **settings):
    """Write images (H, W, 3) BGR, or frames of PyAV, ten a second or at times of their own.

    edit      called with the stream before anything is written
    settings  of the stream: pix_fmt, options, color_range ...
    """
    first = images[0]
    size = (first.width, first.height) if isinstance(first, av.VideoFrame) else first.shape[1::-1]
    muxer = settings.pop("muxer", {})
    with av.open(str(file), "w", format=settings.pop("format", None), options=muxer) as container:
        stream = stream_of(container, codec, size, **settings)
        if edit:
            edit(stream)
        for number, image in enumerate(images):
            frame = image
            if not isinstance(image, av.VideoFrame):
                frame = av.VideoFrame.from_ndarray(image, "bgr24").reformat(format=stream.pix_fmt)
            frame.time_base = Fraction(1, 1000)
            frame.pts = round(1000 * (times_s[number] if times_s else number / 10))
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file


def moving(count, size=(WIDTH, HEIGHT)):
    """Noise with a bright bar that moves: a clip whose every packet has some bytes."""
    random = np.random.default_rng(0)
    images = []
    for number in range(count):
        image = random.integers(0, 80, (size[1], size[0], 3), np.uint8)
        at = number * (size[0] - 8) // max(1, count - 1)
        image[:, at : at + 8] = 255
        images.append(image)
    return images
