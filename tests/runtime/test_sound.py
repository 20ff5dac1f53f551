"""--audio: what is heard in the source is heard at the same time in the video of --save."""

import av
import numpy as np
import pytest

from edge3dpose.errors import BadInput
from edge3dpose.runtime import sinks
from edge3dpose.runtime.sinks import SinkContext
from edge3dpose.types import Frame

RATE = 48_000
BEEP_S = (1.0, 1.3)


def film(path, codec, *, video_start_s=0.0):
    """Two seconds of grey with a beep; sound begins at 0, the picture may begin later."""
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=20)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        sound = out.add_stream(codec, rate=RATE)
        sound.layout = "mono"
        for number in range(40):
            picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 90, np.uint8), "bgr24")
            picture.pts = number + round(video_start_s * 20)
            out.mux(video.encode(picture))
        out.mux(video.encode(None))
        count = int(RATE * (2 + video_start_s))
        at = np.arange(count) / RATE - video_start_s
        wave = np.where((at >= BEEP_S[0]) & (at < BEEP_S[1]), np.sin(at * 2 * np.pi * 440), 0)
        fifo = av.AudioFifo()
        samples = av.AudioFrame.from_ndarray(wave[None].astype(np.float32), "fltp", "mono")
        samples.sample_rate, samples.pts = RATE, 0
        fifo.write(samples)
        while chunk := fifo.read(sound.frame_size or 1024, partial=True):
            out.mux(sound.encode(chunk))
        out.mux(sound.encode(None))
    return path


def heard(path):
    """First and last second at which a video is loud, and where its pictures begin."""
    with av.open(str(path)) as file:
        loud = []
        for frame in file.decode(audio=0):
            wave = np.abs(frame.to_ndarray().astype(float)).reshape(len(frame.layout.channels), -1)
            scale = 1.0 if "flt" in frame.format.name else 32768.0
            at = float(frame.pts * frame.time_base) + np.arange(wave.shape[1]) / frame.sample_rate
            loud += list(at[wave[0] > 0.3 * scale])
        codec = file.streams.audio[0].codec_context.name
    with av.open(str(path)) as file:
        pictures = [float(frame.pts * frame.time_base) for frame in file.decode(video=0)]
    return min(loud), max(loud), codec, pictures


def saved(source, out, count=40, **values):
    context = SinkContext(source=str(source), fps=20.0)
    (sink,) = sinks.open_all({"save": out, "audio": True, **values}, context)
    for number in range(count):
        sink(Frame(np.full((64, 64, 3), 90, np.uint8), number, number / 20), [])
    sink.close()
    return out


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "aac"), ("a.mkv", "libopus"), ("a.mov", "pcm_s16le")]
)
@pytest.mark.parametrize("video_start_s", [0.0, 0.4])
def test_the_sound_is_heard_when_it_was(tmp_path, name, codec, video_start_s):
    source = film(tmp_path / name, codec, video_start_s=video_start_s)
    first_s, last_s, written, pictures = heard(saved(source, tmp_path / "out.mp4"))
    assert written == "aac"
    assert (first_s, last_s) == pytest.approx(BEEP_S, abs=0.06)
    assert len(pictures) == 40


def test_the_sound_ends_with_the_pictures(tmp_path):
    source = film(tmp_path / "a.mp4", "aac")
    out = saved(source, tmp_path / "out.mp4", count=24)
    with av.open(str(out)) as file:
        assert float(file.duration / 1e6) == pytest.approx(1.2, abs=0.1)


def test_what_has_no_sound_is_one_line_and_no_file(tmp_path):
    silent = tmp_path / "silent.mp4"
    saved_without = sinks.open_all({"save": silent}, SinkContext(fps=20.0))[0]
    saved_without(Frame(np.zeros((64, 64, 3), np.uint8), 0, 0.0), [])
    saved_without.close()
    for source, why in ((silent, "has no sound"), (tmp_path / "no.mp4", "is none")):
        with pytest.raises(BadInput, match=why):
            saved(source, tmp_path / "out.mp4")
    with pytest.raises(BadInput, match="sound of a video file"):
        sinks.open_all({"save": tmp_path / "o.mp4", "audio": True}, SinkContext(live=True))
    assert [file.name for file in tmp_path.iterdir()] == ["silent.mp4"]
