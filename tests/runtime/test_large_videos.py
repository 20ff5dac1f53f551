"""Large pictures become BGR where they are looked at, and nobody sees a difference."""

import gc
import itertools
from contextlib import closing
from dataclasses import replace

import av
import cv2
import numpy as np
import pytest
from clips import write

import edge3dpose
from edge3dpose.runtime.blocks import means
from edge3dpose.runtime.preprocess import crop_person
from edge3dpose.runtime.sources import open_source
from edge3dpose.runtime.sources._geometry import Geometry
from edge3dpose.runtime.sources._yuv_picture import YuvPicture
from edge3dpose.types import Box, Camera, Frame

LARGE = {"options": {"crf": "18", "preset": "ultrafast"}}
SIZE = (1600, 1200)


def person(size, height_px):
    """The first pictures of the bundled clip, in the middle of a grey frame."""
    images = []
    with closing(open_source("sample")) as source:
        for frame in itertools.islice(source, 4):
            canvas = np.full((size[1], size[0], 3), 90, np.uint8)
            scale = height_px / frame.image.shape[0]
            image = cv2.resize(frame.image, None, fx=scale, fy=scale)
            top, left = (size[1] - image.shape[0]) // 2, (size[0] - image.shape[1]) // 2
            canvas[top : top + image.shape[0], left : left + image.shape[1]] = image
            images.append(canvas)
    return images


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return write(tmp_path_factory.mktemp("large") / "a.mp4", person(SIZE, 900), **LARGE)


def frames_of(file, *, whole=False):
    with closing(open_source(file)) as source:
        source.lazy, source.whole = True, whole
        return list(source)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", [0, 90, 180, -90])
def test_a_part_is_that_of_the_whole_image(tmp_path, degrees, mirrored):
    def turn(stream):
        if not hasattr(stream, "set_display_rotation"):
            pytest.skip("this PyAV cannot write a display matrix")
        stream.set_display_rotation(degrees, hflip=mirrored)

    frame = frames_of(write(tmp_path / "a.mp4", person(SIZE, 900)[:1], edit=turn, **LARGE))[0]
    image = frame.picture.image()
    assert frame.size_px == image.shape[1::-1]
    with closing(open_source(tmp_path / "a.mp4")) as source:
        assert (next(iter(source)).image == image).all()
    for window in ((0, 0, *frame.size_px), (320, 256, 640, 800), (333, 257, 640, 801)):
        x0, y0, x1, y1 = window
        part = image[y0:y1, x0:x1]
        assert (frame.picture.part(window, 1) == part).all()
        if x0 % 2 == 0:
            assert (frame.picture.part(window, 2) == means(part, 2)).all()
            for block in (4, 8):  # rounded elsewhere
                there, here = means(part, block), frame.picture.part(window, block)
                assert there.shape == here.shape
                assert np.abs(there.astype(int) - here).mean() < 0.3


@pytest.mark.parametrize("side_px", [200.0, 700.0, 1300.0])
def test_a_crop_shows_the_same_black_included(clip, side_px):
    frame = frames_of(clip)[0]
    box = Box(700, 300, 700 + side_px, 300 + side_px, angle_rad=0.3)
    whole = crop_person(Frame(frame.image, 0, 0.0), box, 256)
    part = crop_person(frame, box, 256)
    assert (whole.frame_from_crop == part.frame_from_crop).all()
    apart = np.abs(whole.image.astype(int) - part.image)
    assert apart.max() <= (1 if side_px < 1024 else 8)  # blocks of 4 px are rounded elsewhere
    assert apart.mean() < 0.05


def test_nv12_of_a_devices_decoder_is_read(clip):
    with av.open(str(clip)) as container:
        decoded = next(container.decode(video=0)).reformat(format="nv12")
    assert YuvPicture.takes(decoded, Geometry())
    with closing(open_source(clip)) as source:
        picture = source._to_bgr.picture(decoded)
    window = (320, 256, 640, 800)
    wanted = means(picture.image()[256:800, 320:640], 2)
    assert np.abs(picture.part(window, 2).astype(int) - wanted).mean() < 0.3


def test_what_is_said_of_a_frame_makes_no_image(clip, monkeypatch):
    frame = frames_of(clip)[1]
    made = []
    monkeypatch.setattr(YuvPicture, "image", lambda self: made.append(self) or cropped)
    cropped = np.zeros((1200, 1600, 3), np.uint8)
    camera = Camera((1000.0, 1000.0), (800.0, 600.0))
    changed = frame.but(camera=camera, facts={"cut": 3})
    assert (changed.camera, changed.facts, changed.index) == (camera, {"cut": 3}, 1)
    assert changed.size_px == (1600, 1200)
    assert "1600x1200" in repr(changed)
    assert not made
    assert changed.image is cropped
    other = replace(frame, image=cropped[:600])  # as any dataclass
    assert other.picture is None
    assert other.size_px == (1600, 600)
    with pytest.raises(AttributeError, match="colour"):
        frame.colour  # noqa: B018


def test_the_image_is_one_array_and_outlives_the_source(clip):
    frames = frames_of(clip)
    assert frames[1].image is frames[1].image
    with closing(open_source(clip)) as source:
        plain = list(source)
    assert all(frame.picture is None for frame in plain)
    assert all((a.image == b.image).all() for a, b in zip(frames, plain, strict=True))


def test_small_videos_come_whole():
    with closing(open_source("sample")) as source:
        source.lazy = True
        assert next(iter(source)).picture is None


def test_a_picture_goes_as_soon_as_nobody_holds_it(clip):
    gc.disable()
    try:
        before = sum(type(one) is av.VideoFrame for one in gc.get_objects())
        for frame in frames_of(clip):
            frame.image  # noqa: B018
            frame.picture.part((0, 0, 640, 640), 2)
        del frame
        after = sum(type(one) is av.VideoFrame for one in gc.get_objects())
    finally:
        gc.enable()
    assert after == before


def test_poses_of_a_large_video_need_no_whole_image(tmp_path, monkeypatch):
    file = write(tmp_path / "4k.mp4", person((3840, 2160), 1000), **LARGE)
    with closing(open_source(file)) as source:
        images = [frame.image for frame in source]
    made = []
    image = YuvPicture.image
    monkeypatch.setattr(YuvPicture, "image", lambda self: made.append(self) or image(self))
    with edge3dpose.PoseEstimator(cut=1, precision="fp32") as pose:
        wanted = [people for _, people in pose.stream(images)]
        found = [people for _, people in pose.stream(file)]
    assert not made
    assert all(len(people) == 1 for people in found)
    apart = [
        np.linalg.norm(a[0].pixels - b[0].pixels, axis=1)
        for a, b in zip(wanted, found, strict=True)
    ]
    assert np.median(apart) < 5  # of 2160 rows
