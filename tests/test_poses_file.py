"""Poses files are read back as they were written, and what is none is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest
from standing import JOINTS_MM

import edge3dpose
from edge3dpose.errors import BadInput
from edge3dpose.poses_file import header_of
from edge3dpose.runtime.sinks import jsonl
from edge3dpose.skeletons import H36M17
from edge3dpose.types import Box, Camera, Frame, Pose3D

CAMERA = Camera((500.0, 500.0), (320.0, 240.0))
PERSON = Pose3D(
    JOINTS_MM,
    np.linspace(0, 300, 34, dtype=np.float32).reshape(17, 2),
    np.linspace(0, 1, 17, dtype=np.float32),
    np.array([100.0, -50.0, 3000.0], np.float32),
    track_id=4,
    box=Box(10.0, 20.0, 110.0, 120.0, angle_rad=0.25),
)


@pytest.fixture
def file(tmp_path):
    """Two frames: one person, then two, of whom one has neither an id nor a place."""
    path = tmp_path / "poses.jsonl"
    lines = [{"frame": 0, "time_s": 0.0, "people": [PERSON.to_dict()]}]
    unknown = replace(PERSON, track_id=None, root_mm=None, box=None)
    both = [PERSON.to_dict(), unknown.to_dict()]
    lines += [{"frame": 1, "time_s": 0.2, "cut": 7, "people": both}]
    path.write_text("\n".join(json.dumps(line) for line in (header_of(H36M17, model="m"), *lines)))
    return path


def test_what_the_sink_writes_is_read_back(tmp_path):
    path = tmp_path / "out.jsonl"
    sink = jsonl.JsonLines(path, header_of(H36M17, model="m"))
    frame = Frame(np.zeros((480, 640, 3), np.uint8), 3, 0.6, CAMERA)
    sink(frame, [PERSON])
    sink.close()
    poses = edge3dpose.read_poses(path)
    assert poses.header["model"] == "m"
    assert poses.header["camera"]["focal_px"] == [500.0, 500.0]
    (read,) = poses
    assert (read.index, read.time_s) == (3, 0.6)
    (person,) = read.people
    assert (person.track_id, person.skeleton) == (4, H36M17)
    np.testing.assert_allclose(person.joints_mm, PERSON.joints_mm, atol=0.05)
    np.testing.assert_allclose(person.pixels, PERSON.pixels, atol=0.005)
    np.testing.assert_allclose(person.root_mm, PERSON.root_mm, atol=0.05)
    assert person.box == Box(10.0, 20.0, 110.0, 120.0, angle_rad=0.25)
    assert person.to_dict() == PERSON.to_dict()


def test_standard_deviations_come_back():
    person = replace(PERSON, std_mm=np.full((17, 3), 12.3, np.float32))
    again = Pose3D.from_dict(person.to_dict())
    np.testing.assert_allclose(again.std_mm, person.std_mm, atol=0.05)


def test_joints_outside_the_frame_come_back_and_a_whole_body_has_no_such_field():
    outside = np.arange(17) < 5
    person = Pose3D.from_dict(replace(PERSON, outside=outside).to_dict())
    assert person.outside.tolist() == outside.tolist()
    assert person.joint("pelvis").outside
    assert not person.joint("left_wrist").outside
    assert person.mean_score == pytest.approx(float(person.score[5:].mean()))
    assert "outside" not in replace(PERSON, outside=np.zeros(17, bool)).to_dict()
    for wrong in (True, [True], ["no"] * 17, [[True]] * 17):
        with pytest.raises(ValueError, match="outside is"):
            Pose3D.from_dict(PERSON.to_dict() | {"outside": wrong})


def test_a_file_as_numpy_has_a_row_a_person(file):
    arrays = edge3dpose.read_poses(file).to_numpy()
    assert arrays["frame"].tolist() == [0, 1, 1]
    assert arrays["track_id"].tolist() == [4, 4, -1]
    assert arrays["joints_mm"].shape == (3, 17, 3)
    assert np.isnan(arrays["root_mm"][2]).all()
    np.testing.assert_allclose(arrays["joints_mm"][0], JOINTS_MM, atol=0.05)


def test_a_file_as_pandas_has_a_row_a_joint(file):
    pytest.importorskip("pandas")
    table = edge3dpose.read_poses(file).to_pandas()
    assert len(table) == 3 * 17
    wrist = table[(table.frame == 0) & (table.joint == "left_wrist")].iloc[0]
    assert [wrist.x_mm, wrist.y_mm, wrist.z_mm] == pytest.approx(PERSON["left_wrist"], abs=0.05)
    assert wrist.root_z_mm == 3000.0


def test_a_file_of_nobody_is_empty_arrays(tmp_path):
    path = tmp_path / "nobody.jsonl"
    lines = (header_of(H36M17), {"frame": 0, "time_s": 0.0, "people": []})
    path.write_text("\n".join(map(json.dumps, lines)))
    assert edge3dpose.read_poses(path).to_numpy()["joints_mm"].shape == (0, 17, 3)


def test_the_facts_of_a_line_are_kept(file):
    assert [frame.facts for frame in edge3dpose.read_poses(file)] == [{}, {"cut": 7}]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "no poses file"),
        ("not json\n", "no poses file"),
        ("[1]\n", "has schema None"),
        ('{"schema": "edge3dpose.poses/9"}\n', "has schema 'edge3dpose.poses/9', wanted"),
        ('{"schema": "edge3dpose.poses/1", "skeleton": "coco"}\n', "skeleton 'coco'"),
        (b"\xff\xfe\x00", "no poses file"),
    ],
)
def test_what_is_no_poses_file_is_refused_in_one_line(tmp_path, content, words):
    path = tmp_path / "bad.jsonl"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(BadInput, match=words):
        edge3dpose.read_poses(path)


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"frame": 2, "time_s": 0.4}',
        '{"frame": 2, "time_s": 0.4, "people": [{"joints_mm": [[0, 0, 0]]}]}',
        '{"frame": 2, "time_s": 0.4, "people": [5]}',
    ],
)
def test_a_broken_line_is_named_by_its_number(file, line):
    file.write_text(file.read_text() + "\n" + line + "\n")
    with pytest.raises(BadInput, match="line 4 is no frame of poses"):
        list(edge3dpose.read_poses(file))


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(BadInput, match="no poses file"):
        edge3dpose.read_poses(tmp_path / "gone.jsonl")


@pytest.mark.parametrize(
    "change",
    [
        {"frame": 10**30},
        {"frame": 1.5},
        {"frame": float("inf")},
        {"time_s": 10**400},
        {"time_s": "1"},
        {"people": [{"id": "a"}]},
        {"people": [{"id": 10**30}]},
        {"people": [{"root_mm": [1, 2]}]},
        {"people": [{"root_mm": 5}]},
        {"people": [{"joints_mm": [[10**400] * 3] * 17}]},
    ],
)
def test_a_line_that_arrays_cannot_hold_is_named_by_its_number(file, change):
    header, line, *_ = file.read_text().splitlines()
    content = json.loads(line)
    if people := change.get("people"):
        change = {"people": [content["people"][0] | people[0]]}
    file.write_text(f"{header}\n{json.dumps(content | change)}\n")
    for read in (list, edge3dpose.PosesFile.to_numpy):
        with pytest.raises(BadInput, match="line 2 is no frame of poses"):
            read(edge3dpose.read_poses(file))


def test_json_too_deep_is_one_line(file):
    header = file.read_text().splitlines()[0]
    file.write_text("[" * 100_000)
    with pytest.raises(BadInput, match="is no poses file"):
        edge3dpose.read_poses(file)
    file.write_text(header + "\n" + "[" * 100_000)
    with pytest.raises(BadInput, match="line 2 is no frame"):
        list(edge3dpose.read_poses(file))


def test_a_file_that_goes_away_or_holds_other_bytes_is_one_line(file):
    poses = edge3dpose.read_poses(file)
    file.write_bytes(file.read_bytes() + b"\n" + b"x" * 100_000 + b"\xff\xff")
    with pytest.raises(BadInput, match=r"cannot be read|is no frame"):
        list(poses)
    file.unlink()
    with pytest.raises(BadInput, match="cannot be read"):
        list(poses)
    with pytest.raises(BadInput, match="path is 3; wanted a path"):
        edge3dpose.read_poses(3)


def test_a_last_line_that_was_cut_off_is_told_and_left_out(file, caplog):
    whole = [line.index for line in edge3dpose.read_poses(file)]
    content = file.read_bytes()
    file.write_bytes(content[:-9])  # a kill in the middle of a write
    assert [line.index for line in edge3dpose.read_poses(file)] == whole[:-1]
    assert "the last line is cut off and left out" in caplog.text
    file.write_bytes(content.rstrip(b"\n"))  # an editor that writes no last line feed
    assert [line.index for line in edge3dpose.read_poses(file)] == whole
