"""What is written can be read again, and nothing half-written lies under its name."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from standing import JOINTS_MM, SPEC

from edge3dpose import drawing
from edge3dpose.camera import open_lens
from edge3dpose.errors import BadInput, MissingDependency
from edge3dpose.poses_file import header_of
from edge3dpose.runtime.sinks import SinkContext, video, window
from edge3dpose.runtime.sinks._mp4 import Mp4, Timing
from edge3dpose.runtime.sinks.jsonl import JsonLines
from edge3dpose.types import Box, Frame, Pose3D

TEN = Timing(10.0)
IMAGE = np.full((240, 320, 3), 60, np.uint8)


def frame(index, image=IMAGE, name=None):
    lens = open_lens()
    return Frame(image, index, index / 10, lens(image.shape[1], image.shape[0]), name)


def person(track_id=4):
    return Pose3D(
        JOINTS_MM,
        (JOINTS_MM[:, :2] / 10 + (160, 120)).astype(np.float32),
        np.full(17, 0.8, np.float32),
        np.array([12.34, -5.6, 3000], np.float32),
        track_id,
        Box(47, 7, 272, 232),
    )


def feed(sink, indices):
    for index in indices:
        sink(frame(index), [person()])


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def header(**more):
    about = {"camera": {"measured": [], "assumed": ["60 degrees"]}, **more}
    return header_of(SPEC.skeleton, model="m", **about)


def test_poses_are_written_by_the_schema(tmp_path):
    out = tmp_path / "poses.jsonl"
    sink = JsonLines(out, header())
    sink(frame(0), [person()])
    sink(frame(1), [])
    assert not out.exists()
    sink.close()
    sink.close()
    head, first, second = lines(out)
    assert head["schema"] == "edge3dpose.poses/1"
    assert (head["skeleton"], head["units"], head["joints"][0]) == ("h36m17", "mm", "pelvis")
    assert head["camera"]["size"] == [320, 240]
    assert head["camera"]["focal_px"] == pytest.approx([277.128] * 2)
    assert head["camera"]["assumed"] == ["60 degrees"]
    assert set(first) == {"frame", "time_s", "people"}
    (one,) = first["people"]
    assert set(one) == {"id", "box", "box_angle_rad", "joints_mm", "pixels", "score", "root_mm"}
    assert one["id"] == 4
    assert one["box"] == [47, 7, 272, 232]
    assert one["root_mm"] == [12.3, -5.6, 3000]
    assert np.allclose(one["joints_mm"], JOINTS_MM, atol=0.06)
    assert second == {"frame": 1, "time_s": 0.1, "people": []}
    assert [path.name for path in tmp_path.iterdir()] == ["poses.jsonl"]


def test_a_run_without_a_frame_leaves_no_file_and_does_not_touch_an_earlier_one(tmp_path):
    first = JsonLines(tmp_path / "poses.jsonl", header())
    first(frame(0), [person()])
    first.close()
    kept = (tmp_path / "poses.jsonl").read_bytes()
    second = JsonLines(tmp_path / "poses.jsonl", header())
    second.close()
    assert second.discarded
    assert [path.name for path in tmp_path.iterdir()] == ["poses.jsonl"]
    assert (tmp_path / "poses.jsonl").read_bytes() == kept


def test_standard_deviations_of_joints_are_written(tmp_path):
    sink = JsonLines(tmp_path / "poses.jsonl", header())
    sink(frame(0), [replace(person(), std_mm=np.full((17, 3), 41.27, np.float32))])
    sink.close()
    (one,) = lines(tmp_path / "poses.jsonl")[1]["people"]
    assert one["std_mm"] == [[41.3] * 3] * 17


def test_unrelated_pictures_carry_their_name_and_camera(tmp_path):
    sink = JsonLines(tmp_path / "poses.jsonl", header())
    sink(frame(0, name="a.png"), [])
    sink(frame(1, np.zeros((50, 20, 3), np.uint8), name="b.png"), [])
    sink.close()
    _, a, b = lines(tmp_path / "poses.jsonl")
    assert (a["image"], b["image"]) == ("a.png", "b.png")
    assert b["camera"]["size"] == [20, 50]


def test_a_line_reaches_the_system_at_once_and_carries_its_age(tmp_path):
    out = tmp_path / "poses.jsonl"
    sink = JsonLines(out, header())
    sink(replace(frame(0), facts={"age_s": 0.02, "dropped": 3}), [person()])
    (part,) = tmp_path.iterdir()  # what a crash would leave
    assert part != out
    assert lines(part)[1]["age_s"] == 0.02
    assert lines(part)[1]["dropped"] == 3
    sink.discard()


@pytest.mark.parametrize("kind", ["jsonl", "mp4"])
def test_what_is_discarded_leaves_nothing_and_an_old_file_alone(tmp_path, kind):
    out = tmp_path / f"poses.{kind}"
    out.write_text("old")

    def opened(**options):
        return JsonLines(out, header(), **options) if kind == "jsonl" else Mp4(out, TEN, **options)

    with pytest.raises(BadInput, match="is there already; name another file or pass --overwrite"):
        opened()
    sink = opened(overwrite=True)
    sink(frame(0), [person()])
    assert out.read_text() == "old"
    sink.discard()
    assert [path.name for path in tmp_path.iterdir()] == [out.name]
    assert out.read_text() == "old"
    sink = opened(overwrite=True)
    sink(frame(0), [person()])
    sink.close()
    assert [path.name for path in tmp_path.iterdir()] == [out.name]
    assert out.read_bytes() != b"old"


@pytest.mark.parametrize("where", ["gone/poses.jsonl", "."])
def test_a_place_that_cannot_be_written_is_named(tmp_path, where):
    with pytest.raises(BadInput, match=r"cannot write|is a folder"):
        JsonLines(tmp_path / where, header())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("kind", ["jsonl", "mp4"])
def test_a_full_disk_is_one_clear_line(kind):
    full = Path("/dev/full")  # every write fails as on a full disk
    sink = JsonLines(full, header()) if kind == "jsonl" else Mp4(full, TEN)
    with pytest.raises(BadInput, match=r"cannot write /dev/full: No space left on device$"):
        feed(sink, range(30))
    sink.discard()


@pytest.mark.parametrize("kind", ["jsonl", "mp4"])
def test_what_a_full_disk_cut_off_is_kept_and_told(tmp_path, monkeypatch, kind):
    out = tmp_path / f"poses.{kind}"
    sink = JsonLines(out, header()) if kind == "jsonl" else Mp4(out, TEN)
    feed(sink, range(25))
    taken = []

    def half(handle, content):
        if taken:
            raise OSError(28, "No space left on device")
        taken.append(write(handle, content[: len(content) // 2]))
        return taken[0]

    write = os.write
    monkeypatch.setattr(os, "write", half)
    with pytest.raises(BadInput, match=r"No space left on device; what was written before is .*"):
        feed(sink, range(25, 60))
    monkeypatch.undo()
    sink.discard()
    assert [path.name for path in tmp_path.iterdir()] == [f"poses.part.{kind}"]
    if kind == "jsonl":
        assert [line["frame"] for line in lines(tmp_path / "poses.part.jsonl")[1:]] == [*range(25)]
    else:
        assert len(decoded(tmp_path / "poses.part.mp4")) >= 20


def decoded(path):
    """(time_s, image) of every frame."""
    with av.open(str(path)) as file:
        return [(one.time, one.to_ndarray(format="bgr24")) for one in file.decode(video=0)]


def test_a_video_has_a_frame_for_each_frame_and_a_panel_beside(tmp_path):
    out = tmp_path / "out.mp4"
    sink = Mp4(out, TEN)
    for index in range(12):
        sink(frame(index), [person()] if index else [])
    assert not out.exists()
    sink.close()
    sink.close()
    found = decoded(out)
    frames = [image for _, image in found]
    assert [time_s for time_s, _ in found] == pytest.approx([n / 10 for n in range(12)], abs=1e-4)
    assert frames[0].shape[0] == 240
    assert frames[0].shape[1] > 320 + 200
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]
    left = frames[11][:, :320].astype(int) - 60
    right = frames[11][:, 330:].astype(int) - frames[0][:, 330:]
    assert (np.abs(left) > 60).sum() > 300  # the skeleton over the frame
    assert (np.abs(right) > 60).sum() > 300  # and from the side
    assert np.abs(frames[0][20:60, 20:60].astype(int) - 60).max() <= 3  # grey stays as it was


def test_a_video_is_h264_that_browsers_and_phones_play(tmp_path):
    sink = Mp4(tmp_path / "out.mp4", TEN)
    for index in range(25):
        sink(frame(index), [])
    sink.close()
    with av.open(str(tmp_path / "out.mp4")) as file:
        (stream,) = file.streams
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert stream.frames == 25  # a plain MP4, which can be sought
        assert float(file.duration / av.time_base) == pytest.approx(2.5, abs=0.02)


@pytest.mark.parametrize("live", [False, True])
def test_frames_of_a_video_are_shown_when_they_were(tmp_path, live):
    times = [1.5, 1.533, 1.6, 3.0, 3.0, 7.25]  # uneven, and two at one time
    sink = Mp4(tmp_path / "out.mp4", Timing(30.0, live=live))
    for index, time_s in enumerate(times):
        sink(replace(frame(index), time_s=time_s), [])
    sink.close()
    found = [time_s for time_s, _ in decoded(tmp_path / "out.mp4")]
    assert found == pytest.approx([time_s - 1.5 for time_s in times], abs=1e-3)


def test_unrelated_pictures_are_shown_a_second_each(tmp_path):
    sink = Mp4(tmp_path / "out.mp4", Timing(1.0, even=True))
    for index in range(3):
        sink(frame(index, name=f"{index}.png"), [])
    sink.close()
    assert [time_s for time_s, _ in decoded(tmp_path / "out.mp4")] == pytest.approx([0, 1, 2])


def test_a_frame_that_was_turned_is_not_squeezed(tmp_path):
    sink = Mp4(tmp_path / "out.mp4", TEN)
    sink(frame(0, np.full((240, 320, 3), 200, np.uint8)), [])
    sink(frame(1, np.full((320, 240, 3), 200, np.uint8)), [])
    sink.close()
    _, (_, turned) = decoded(tmp_path / "out.mp4")
    across = turned[120, :320].mean(axis=1) > 100
    assert 170 < across.sum() < 190  # 240 * 240 / 320, between black bars


KILLED = """
import os, sys
import numpy as np
from pathlib import Path
from edge3dpose.runtime.sinks._mp4 import Mp4, Timing, Timing
from edge3dpose.types import Frame
sink = Mp4(Path(sys.argv[1]), Timing(10.0))
for index in range(60):
    sink(Frame(np.full((240, 320, 3), index, np.uint8), index, index / 10), [])
os._exit(9)
"""


def test_a_killed_run_leaves_a_video_that_lacks_at_most_its_last_second(tmp_path):
    subprocess.run([sys.executable, "-c", KILLED, tmp_path / "out.mp4"], check=False)
    found = decoded(tmp_path / "out.part.mp4")
    assert found[-1][0] >= 4.8


@pytest.mark.parametrize("shape", [(1, 1), (3, 501), (333, 111), (1081, 811)])
def test_frames_of_odd_sizes_can_be_saved(tmp_path, shape):
    sink = Mp4(tmp_path / "out.mp4")
    for index in range(3):
        sink(frame(index, np.zeros((*shape, 3), np.uint8)), [person()])
    sink.close()
    frames = [image for _, image in decoded(tmp_path / "out.mp4")]
    assert len(frames) == 3
    assert frames[0].shape[0] % 2 == 0 == frames[0].shape[1] % 2


def test_only_mp4_is_written(tmp_path):
    with pytest.raises(BadInput, match=r"ends in \.mp4"):
        video.PLUGIN.check({"save": tmp_path / "out.avi"})


def test_without_a_screen_a_window_is_one_clear_line(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(MissingDependency, match="no screen here") as caught:
        window.PLUGIN.open({}, SinkContext())
    assert "\n" not in str(caught.value)


def test_labels_are_whole_on_a_plate_and_grow_with_the_picture():
    for factor in (1, 6):
        picture = np.full((240 * factor, 320 * factor, 3), 60, np.uint8)
        one, other = person(1), person(8)
        for at in ((0, -110), (-170, -60), (170, 90)):  # over the head is outside of the picture
            pixels = one.pixels + np.array(at, np.float32) * factor
            moved, far = replace(one, pixels=pixels), replace(other, score=other.score * 0)
            plain = drawing.draw(picture, moved)
            labelled = drawing.draw(picture, [moved, far])
            new = (plain != labelled).any(axis=2)
            rows, columns = (np.flatnonzero(new.any(axis=axis)) for axis in (1, 0))
            plate = labelled[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            assert plate.shape[0] >= 14 * factor / 1.5
            assert (plate[[0, -1]] == drawing.DARK).all()  # its edges: nothing is cut off
            assert plate.max() > 220


def test_left_is_blue_and_right_is_orange():
    picture = drawing.draw(IMAGE, [person()])
    pose = person()
    x, y = (int(v) for v in pose.pixels[12])  # left elbow
    assert np.abs(picture[y, x].astype(int) - drawing.LEFT).max() < 30
    x, y = (int(v) for v in pose.pixels[15])
    assert np.abs(picture[y, x].astype(int) - drawing.RIGHT).max() < 30
    assert (IMAGE == 60).all()  # the frame itself is left alone
