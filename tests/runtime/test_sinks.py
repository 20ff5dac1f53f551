"""What is written can be read again, and nothing half-written lies under its name."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from standing import JOINTS_MM, SPEC

from edge3dpose import drawing
from edge3dpose.camera import open_lens
from edge3dpose.errors import BadInput, MissingDependency
from edge3dpose.poses_file import header_of
from edge3dpose.runtime.sinks import SinkContext, video, window
from edge3dpose.runtime.sinks._mp4 import Mp4
from edge3dpose.runtime.sinks.jsonl import JsonLines
from edge3dpose.types import Box, Frame, Pose3D

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


def test_a_live_line_is_on_the_disk_at_once_and_carries_its_age(tmp_path):
    out = tmp_path / "poses.jsonl"
    sink = JsonLines(out, header(), live=True)
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
    sink = JsonLines(out, header()) if kind == "jsonl" else Mp4(out, 10.0)
    sink(frame(0), [person()])
    assert out.read_text() == "old"
    sink.discard()
    assert [path.name for path in tmp_path.iterdir()] == [out.name]
    assert out.read_text() == "old"


@pytest.mark.parametrize("where", ["gone/poses.jsonl", "."])
def test_a_place_that_cannot_be_written_is_named(tmp_path, where):
    with pytest.raises(BadInput, match=r"cannot write|is a folder"):
        JsonLines(tmp_path / where, header())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_one_clear_line(tmp_path):
    sink = JsonLines(tmp_path / "poses.jsonl", header())
    sink._file.close()
    sink._file = open("/dev/full", "w", encoding="utf-8")  # noqa: SIM115  every write fails as on a full disk
    sink(frame(0), [person()])
    with pytest.raises(BadInput, match=r"cannot write .*No space left"):
        sink.close()
    assert list(tmp_path.iterdir()) == []


def read_video(path):
    capture = cv2.VideoCapture(str(path))
    frames = []
    while (image := capture.read()[1]) is not None:
        frames.append(image)
    fps = capture.get(cv2.CAP_PROP_FPS)
    capture.release()
    return frames, fps


def test_a_video_has_a_frame_for_each_frame_and_a_panel_beside(tmp_path):
    out = tmp_path / "out.mp4"
    sink = Mp4(out, 10.0)
    for index in range(12):
        sink(frame(index), [person()] if index else [])
    sink.close()
    frames, fps = read_video(out)
    assert (len(frames), fps) == (12, 10)
    assert frames[0].shape[0] == 240
    assert frames[0].shape[1] > 320 + 200
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]
    left = frames[11][:, :320].astype(int) - 60
    right = frames[11][:, 330:].astype(int) - frames[0][:, 330:]
    assert (np.abs(left) > 60).sum() > 300  # the skeleton over the frame
    assert (np.abs(right) > 60).sum() > 300  # and from the side


@pytest.mark.parametrize("shape", [(1, 1), (3, 501), (333, 111), (1081, 811)])
def test_frames_of_odd_sizes_can_be_saved(tmp_path, shape):
    sink = Mp4(tmp_path / "out.mp4", None)
    for index in range(3):
        sink(frame(index, np.zeros((*shape, 3), np.uint8)), [person()])
    sink.close()
    frames, _ = read_video(tmp_path / "out.mp4")
    assert len(frames) == 3
    assert frames[0].shape[0] % 2 == 0 == frames[0].shape[1] % 2


def test_a_live_video_runs_at_the_speed_of_life(tmp_path):
    sink = Mp4(tmp_path / "out.mp4", 20.0, live=True)
    for index in (0, 1, 2, 9):  # 0.1 s apart, then a pause
        sink(frame(index), [])
    sink.close()
    assert len(read_video(tmp_path / "out.mp4")[0]) == 19


def test_only_mp4_is_written(tmp_path):
    with pytest.raises(BadInput, match=r"ends in \.mp4"):
        video.PLUGIN.check({"save": tmp_path / "out.avi"})


def test_without_a_screen_a_window_is_one_clear_line(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(MissingDependency, match="no screen here") as caught:
        window.PLUGIN.open({}, SinkContext())
    assert "\n" not in str(caught.value)


def test_left_is_blue_and_right_is_orange():
    picture = drawing.draw(IMAGE, [person()])
    pose = person()
    x, y = (int(v) for v in pose.pixels[12])  # left elbow
    assert np.abs(picture[y, x].astype(int) - drawing.LEFT).max() < 30
    x, y = (int(v) for v in pose.pixels[15])
    assert np.abs(picture[y, x].astype(int) - drawing.RIGHT).max() < 30
    assert (IMAGE == 60).all()  # the frame itself is left alone
