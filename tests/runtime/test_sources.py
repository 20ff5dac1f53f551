"""Every kind of source gives BGR frames in order; what is none is one clear line."""

import os
import socketserver
import struct
import threading
import time
from contextlib import closing, suppress
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge3dpose.errors import BadInput, EndedEarly, MissingDependency, SourceLost
from edge3dpose.runtime.sources import SourceOptions, open_source

NEVER = SourceOptions(reconnect_s=0.0)
SHARED = Path(os.environ.get("EDGE3DPOSE_SHARED", Path(__file__).parents[3] / "shared"))


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """30 frames at 10 fps; a frame's grey level is eight times its number."""
    file = tmp_path_factory.mktemp("clips") / "clip.mp4"
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"mp4v"), 10, (96, 64))
    for level in range(30):
        writer.write(np.full((64, 96, 3), 8 * level, np.uint8))
    writer.release()
    return file


def frames_of(arg):
    with closing(open_source(str(arg))) as source:
        return source, list(source)


def test_a_video_gives_every_frame_with_its_time(clip):
    source, frames = frames_of(clip)
    assert (source.fps, source.frames, source.live, source.related) == (10, 30, False, True)
    assert [frame.index for frame in frames] == list(range(30))
    assert [frame.time_s for frame in frames] == pytest.approx(np.arange(30) / 10, abs=1e-3)
    levels = [frame.image.mean() for frame in frames]
    assert levels == pytest.approx(8 * np.arange(30), abs=4)
    assert source.dropped == 0


def test_the_sample_comes_with_the_package():
    with closing(open_source("sample")) as source:
        first = next(iter(source))
        assert source.frames == 65
    assert first.image.shape == (1280, 720, 3)


@pytest.mark.parametrize("content", [b"", b"this is no video at all\n" * 50, os.urandom(4000)])
def test_what_is_no_video_is_one_clear_line(tmp_path, content):
    file = tmp_path / "clip.mp4"
    file.write_bytes(content)
    with pytest.raises(BadInput, match=r"clip\.mp4") as caught:
        open_source(str(file))
    assert "\n" not in str(caught.value)


def test_a_video_cut_off_before_its_index_is_refused(clip, tmp_path):
    file = tmp_path / "half.mp4"
    file.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    with pytest.raises(BadInput, match="truncated"):
        open_source(str(file))


def test_a_video_that_ends_early_gives_its_frames_and_then_says_so(tmp_path):
    file = tmp_path / "early.avi"  # AVI: the frame count stands in front, the frames can be cut off
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), 10, (96, 64))
    noise = np.random.default_rng(0).integers(0, 255, (40, 64, 96, 3), np.uint8)
    for image in noise:
        writer.write(image)
    writer.release()
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    stream = iter(open_source(str(file)))
    assert next(stream).index == 0
    with pytest.raises(EndedEarly, match=r"ends early: it is truncated, .* bytes are missing"):
        list(stream)


def test_a_missing_file_is_named():
    with pytest.raises(BadInput, match=r"no file or folder nowhere/clip\.mp4"):
        open_source("nowhere/clip.mp4")


def test_a_camera_that_is_not_there_is_one_clear_line(capfd):
    with pytest.raises(BadInput, match="cannot open camera 97") as caught:
        open_source(97)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


def test_a_url_where_nothing_answers_is_one_clear_line():
    with pytest.raises(BadInput, match=r"cannot open http://127\.0\.0\.1:9/"):
        open_source("http://127.0.0.1:9/")


def test_pictures_of_every_kind_become_bgr(tmp_path):
    colour = np.zeros((5, 7, 3), np.uint8)
    colour[...] = (10, 20, 200)
    with_alpha = np.dstack([colour, np.full((5, 7), 255, np.uint8)])
    cv2.imwrite(str(tmp_path / "1_alpha.png"), with_alpha)
    cv2.imwrite(str(tmp_path / "2_grey.png"), np.full((33, 21), 77, np.uint8))
    cv2.imwrite(str(tmp_path / "3_deep.png"), np.full((4, 4, 3), 200 * 257, np.uint16))
    cv2.imwrite(str(tmp_path / "4_dot.png"), np.full((1, 1, 3), 9, np.uint8))
    (tmp_path / "notes.txt").write_text("no picture")
    source, frames = frames_of(tmp_path)
    assert not source.related
    assert [frame.name for frame in frames] == [
        "1_alpha.png",
        "2_grey.png",
        "3_deep.png",
        "4_dot.png",
    ]
    assert [frame.image.shape for frame in frames] == [(5, 7, 3), (33, 21, 3), (4, 4, 3), (1, 1, 3)]
    assert frames[0].image[2, 3].tolist() == [10, 20, 200]
    assert (frames[1].image == 77).all()
    assert np.abs(frames[2].image.astype(int) - 200).max() <= 1


def test_one_picture_is_a_source(tmp_path):
    cv2.imwrite(str(tmp_path / "one.jpg"), np.zeros((8, 8, 3), np.uint8))
    _, frames = frames_of(tmp_path / "one.jpg")
    assert len(frames) == 1


def test_a_folder_without_pictures_and_a_broken_picture_are_refused(tmp_path):
    with pytest.raises(BadInput, match="holds no picture"):
        open_source(str(tmp_path))
    (tmp_path / "broken.png").write_bytes(b"")
    with pytest.raises(BadInput, match=r"broken\.png \(0 bytes\) is no picture"):
        frames_of(tmp_path)


def has_gstreamer():
    return cv2.videoio_registry.hasBackend(cv2.CAP_GSTREAMER)


needs_gstreamer = pytest.mark.skipif(
    not has_gstreamer(), reason="this OpenCV was built without GStreamer"
)


@pytest.mark.skipif(has_gstreamer(), reason="this OpenCV has GStreamer")
def test_a_pipeline_without_gstreamer_is_one_clear_line():
    with pytest.raises(MissingDependency, match="built without GStreamer") as caught:
        open_source("gst:rtspsrc location=rtsp://camera/ ! rtph264depay ! decodebin")
    assert "\n" not in str(caught.value)


@needs_gstreamer
def test_a_live_pipeline_gives_its_newest_frame():
    live = "gst:videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=100/1"
    with closing(open_source(live)) as source:
        assert (source.name, source.live, source.fps) == ("gst:videotestsrc", True, 100)
        frames = iter(source)
        assert next(frames).image.shape == (240, 320, 3)
        time.sleep(0.3)
        assert source.age_s(next(frames)) < 0.2
        assert source.dropped >= 5


@needs_gstreamer
def test_a_pipeline_that_reads_a_file_gives_every_frame(tmp_path):
    file = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), 10, (96, 64))
    for level in range(30):
        writer.write(np.full((64, 96, 3), 8 * level, np.uint8))
    writer.release()
    source, frames = frames_of(f"gst:filesrc location={file} ! avidemux ! jpegdec !")
    assert (source.fps, source.frames, source.live) == (10, 30, False)
    assert [frame.image.mean() for frame in frames] == pytest.approx(8 * np.arange(30), abs=4)


@needs_gstreamer
@pytest.mark.parametrize(
    ("pipeline", "words"),
    [
        ("nonsense", 'no element "nonsense"'),
        ("videotestsrc !! x", "syntax error"),
        ("videotestsrc patern=ball", 'no property "patern"'),
        ("filesrc location=/gone", r"does not start this pipeline; try: gst-launch-1\.0 -v"),
    ],
)
def test_a_pipeline_that_cannot_be_played_is_one_clear_line(pipeline, words):
    with pytest.raises(BadInput, match=words) as caught:
        open_source(f"gst:{pipeline}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("arg", ["gst:", "gst: ! "])
def test_a_pipeline_of_nothing_is_refused(arg):
    with pytest.raises(BadInput, match="names no pipeline"):
        open_source(arg)


class Endless(BaseHTTPRequestHandler):
    """A network camera: JPEG after JPEG, 50 a second, until the client goes.

    /broken has pictures that are none, /drops ends after 20.
    """

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        good, jpeg = cv2.imencode(".jpg", np.full((48, 64, 3), 120, np.uint8))
        with suppress(OSError):
            for number in range(20 if self.path == "/drops" else 400):
                data = jpeg.tobytes()
                if self.path == "/broken" and number % 5 == 3:
                    data = b"\xff\xd8" + bytes(500)
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
                self.wfile.write(head.encode() + data + b"\r\n")
                time.sleep(0.02)

    def log_message(self, *args):
        pass


@pytest.fixture
def network_camera():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Endless) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_live_source_keeps_only_the_newest_frame(network_camera):
    with closing(open_source(f"{network_camera}/camera.mjpg")) as source:
        assert source.live
        assert source.frames is None
        frames = iter(source)
        next(frames)
        time.sleep(0.5)  # some 25 frames come and go
        fresh = next(frames)
        assert source.age_s(fresh) < 0.4  # the first of them would be half a second old
        following = next(frames)
        assert following.index > fresh.index >= 5
        assert source.dropped >= 5
        assert following.time_s > fresh.time_s
        assert following.image.shape == (48, 64, 3)


def test_a_broken_picture_of_a_live_source_is_left_out(network_camera):
    with closing(open_source(f"{network_camera}/broken")) as source:
        frames = [frame for frame, _ in zip(source, range(12), strict=False)]
    assert len(frames) == 12
    assert {frame.image.shape for frame in frames} == {(48, 64, 3)}


def test_a_live_source_that_ends_is_no_good_end(network_camera):
    with (
        closing(open_source(f"{network_camera}/drops", options=NEVER)) as source,
        pytest.raises(SourceLost, match="gives no more frames"),
    ):
        list(source)


def test_a_live_frame_has_a_time_of_day(network_camera):
    with closing(open_source(f"{network_camera}/camera.mjpg")) as source:
        stamp = source.time_utc(next(iter(source)))
    taken = datetime.fromisoformat(stamp.replace("Z", "+00:00"))
    assert abs((datetime.now(timezone.utc) - taken).total_seconds()) < 5
    with closing(open_source("sample")) as source:
        assert source.time_utc(next(iter(source))) is None


@pytest.mark.skipif(not (SHARED / "data/videos").is_dir(), reason="no clips beside the checkout")
def test_a_gif_is_a_video():
    gif = SHARED / "data/videos/intel_preview_worker-zone-detection.gif"
    source, frames = frames_of(gif)
    assert source.related
    assert len(frames) == 71
    assert frames[-1].image.shape == (270, 480, 3)


def test_a_clip_trimmed_in_a_phone_ends_where_its_edit_list_says(clip, tmp_path):
    """Such a file keeps the frames that were cut off; its headers say how long it plays."""
    content = bytearray(clip.read_bytes())
    movie = content.index(b"mvhd")
    (whole,) = struct.unpack_from(">I", content, movie + 20)  # version 0: units of the movie
    for box, at in ((b"mvhd", 20), (b"tkhd", 24), (b"elst", 12)):
        struct.pack_into(">I", content, content.index(box) + at, whole // 2)
    file = tmp_path / "trimmed.mp4"
    file.write_bytes(content)
    source, frames = frames_of(file)  # and no complaint of a truncated file
    assert source.frames == len(frames) == 15
