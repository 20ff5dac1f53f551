"""Angles have their zeros and signs whichever way the person faces, and never jump by a turn."""

import json
import os
from pathlib import Path

import moving
import numpy as np
import pytest

import edge3dpose
from edge3dpose import rotations
from edge3dpose.errors import BadInput
from edge3dpose.kinematics.angles import DEFINITIONS, NAMES, LiveAngles, joint_angles
from edge3dpose.kinematics.posed import PosedSkeleton
from edge3dpose.kinematics.repetitions import EXERCISES, Counter, repetitions, rule_of
from edge3dpose.kinematics.rig import adult_rig
from edge3dpose.runtime import filters
from edge3dpose.shape.skeleton import BONE_NAMES, BONES
from edge3dpose.skeletons import H36M17

SHARED = Path(os.environ.get("EDGE3DPOSE_SHARED", Path(__file__).parents[3] / "shared"))
X, Y, Z = np.eye(3)  # of the rest pose: left, up, forward


def person(turned_deg=0.0, **bones):
    """Joints (17, 3) in camera axes of a rest pose with bones turned: name=(axis, degrees)."""
    local = np.tile(rotations.IDENTITY, (len(BONES), 1))
    arms = {"left_upper_arm": (Z, -90.0), "right_upper_arm": (Z, 90.0)}  # hang down
    for name, (axis, degrees) in {**arms, **bones}.items():
        local[BONE_NAMES.index(name)] = rotations.about(axis, degrees)
    local[0] = rotations.multiply(rotations.about(Y, turned_deg), local[0])
    world = local.copy()
    for n, bone in enumerate(BONES):
        if bone.parent >= 0:
            world[n] = rotations.multiply(world[bone.parent], local[n])
    posed = PosedSkeleton(adult_rig(), np.zeros((1, 3)), local[None], world[None])
    return posed.joints_mm()[0] * [1, -1, -1]


def angles_of(joints):
    return {name: float(values[0]) for name, values in joint_angles(joints[None]).items()}


@pytest.mark.parametrize("turned_deg", [0, 60, 90, 179, -120])
def test_who_stands_has_only_zeros(turned_deg):
    found = angles_of(person(turned_deg))
    assert found.pop("pelvis_rotation") == pytest.approx(turned_deg, abs=0.1)
    for name, value in found.items():
        assert value == pytest.approx(0, abs=0.1), name


@pytest.mark.parametrize("turned_deg", [0, 75, 180, -100])
@pytest.mark.parametrize(
    ("bones", "wanted"),
    [
        ({"left_shin": (X, 70)}, {"left_knee_flexion": 70}),
        ({"right_shin": (X, 100)}, {"right_knee_flexion": 100}),
        ({"left_thigh": (X, -80)}, {"left_hip_flexion": 80}),
        ({"right_thigh": (X, 20)}, {"right_hip_flexion": -20}),
        ({"left_thigh": (Z, 30)}, {"left_hip_abduction": 30}),
        ({"right_thigh": (Z, -30)}, {"right_hip_abduction": 30}),
        ({"left_upper_arm": (Y, -90)}, {"left_shoulder_flexion": 90}),
        ({"left_upper_arm": (Z, 80)}, {"left_shoulder_abduction": 170}),
        ({"right_upper_arm": (Z, 0)}, {"right_shoulder_abduction": 90}),
        ({"left_forearm": (Y, -50)}, {"left_elbow_flexion": 50}),
        ({"hips": (X, 40)}, {"trunk_lean": 40}),
        ({"hips": (X, -10)}, {"trunk_lean": -10}),
        ({"hips": (Z, 20)}, {"trunk_side_bend": 20, "pelvis_obliquity": -20}),
        ({"chest": (Y, 25)}, {"trunk_twist": 25}),
        ({"neck": (X, 30)}, {"neck_flexion": 30}),
        ({"neck": (Z, 15)}, {"neck_side_bend": 15}),
    ],
)
def test_each_angle_has_its_sign_and_size_whichever_way_one_faces(bones, wanted, turned_deg):
    found = angles_of(person(turned_deg, **bones))
    for name, value in wanted.items():
        assert found[name] == pytest.approx(value, abs=1.0), name


def test_an_arm_to_the_side_has_no_flexion_and_one_forward_no_abduction():
    assert np.isnan(angles_of(person(left_upper_arm=(Z, 0)))["left_shoulder_flexion"])
    assert np.isnan(angles_of(person(left_upper_arm=(Y, -90)))["left_shoulder_abduction"])


def test_nothing_jumps_by_a_turn_while_one_turns_about_and_somersaults():
    turns = [person(12.0 * n, hips=(X, 6.0 * n)) for n in range(180)]
    whole = joint_angles(np.stack(turns))
    live = LiveAngles()
    for n, joints in enumerate(turns):
        now = live.add(n / 30, joints)
        assert now["pelvis_rotation"] == pytest.approx(whole["pelvis_rotation"][n])
    rounds = joint_angles(np.stack([person(12.0 * n) for n in range(180)]))["pelvis_rotation"]
    assert rounds == pytest.approx(12.0 * np.arange(180), abs=0.1)
    up = joint_angles(np.stack([person(left_upper_arm=(X, -3.0 * n)) for n in range(40)]))
    for name in NAMES:
        steps = np.abs(np.diff(up[name]))
        assert np.nanmax(steps, initial=0) < 40, name


def test_every_angle_is_in_the_document():
    text = (Path(__file__).parents[2] / "docs/angles.md").read_text(encoding="utf-8")
    for angle in DEFINITIONS:
        assert f"| `{angle.name}` |" in text
        assert angle.zero in text
        assert angle.positive in text


def test_rules_are_read_and_bad_ones_are_one_line():
    rule = rule_of("left_knee<100,>160")
    assert (rule.angle, rule.there, rule.back, rule.falls) == ("left_knee", 100, 160, True)
    assert not rule_of("jack").falls
    for words in ("jump", "left_knee<100", "left_knee<100,<160", "left_toe<100,>160"):
        with pytest.raises(BadInput, match=r"nothing to count|no angle"):
            rule_of(words)
    with pytest.raises(BadInput, match="no room between its limits"):
        rule_of("knee<160,>100")
    assert set(EXERCISES) == {"squat", "pushup", "situp", "curl", "jack"}


def test_hysteresis_counts_once_and_the_last_one_is_not_complete():
    counter = Counter(rule_of("knee<100,>160"))
    for n, value in enumerate([90, 170, 120, 95, 105, 99, 150, 165, 170, np.nan, 90, 100]):
        counter.add(n * 0.2, value)
    assert (counter.count, counter.begun) == (1, True)
    assert counter.ends_s == [pytest.approx(1.4)]


def test_jumping_jacks_of_captured_motion():
    """Arms that go up and down, counted by the mean of the wrists' heights by eye: see below."""
    file = SHARED / "data/mocap/cmu_segments_f16.npz"
    if not file.is_file():
        pytest.skip("the development data are not here: data/mocap/cmu_segments_f16.npz")
    content = np.load(file)
    (clip,) = [n for n, name in enumerate(content["names"]) if "jumping_jacks" in str(name)]
    start, end = content["start"][clip], content["start"][clip + 1]
    world = rotations.unit(content["quat"][start:end].astype(float))[..., [3, 0, 1, 2]]
    joints = 1000 * moving.stick_rig().joints_over_time(world) * [1, -1, -1]
    time_s = np.arange(end - start) / content["fps"][clip]
    wrists = -joints[:, [H36M17.index("left_wrist"), H36M17.index("right_wrist")], 1].mean(1)
    high = wrists > -joints[:, H36M17.index("head_top"), 1]
    risen = int((np.diff(high.astype(int)) == 1).sum())
    counter = repetitions(rule_of("jack"), time_s, joint_angles(joints))
    assert counter.count + counter.begun == risen > 0


def write(path, joints):
    frames = [[pose] for pose in moving.poses_of(joints - joints[:, :1])]
    return moving.write_poses(path, frames)


def test_the_command_writes_csv_and_mot_and_counts(tmp_path, capsys):
    from click.testing import CliRunner

    from edge3dpose.cli import cli

    depth = 50 * (1 - np.cos(np.arange(120) / 30 * 2 * np.pi / 2))
    joints = np.stack(
        [person(left_thigh=(X, -d), right_thigh=(X, -d), left_shin=(X, 1.9 * d / 2 + d / 2),
                right_shin=(X, 1.9 * d / 2 + d / 2)) for d in depth]
    )  # fmt: skip
    file = write(tmp_path / "p.jsonl", joints)
    for out in ("a.csv", "a.mot"):
        arguments = ["angles", str(file), "--count", "squat", "--out", str(tmp_path / out)]
        done = CliRunner().invoke(cli, arguments)
        assert done.exit_code == 0, done.output
        assert "squat: 2, complete at" in done.output
    pandas = pytest.importorskip("pandas", reason="pandas is not installed (extra pandas)")
    table = pandas.read_csv(tmp_path / "a.csv")
    assert list(table.columns) == ["time_s", *NAMES]
    assert table.left_hip_flexion.max() == pytest.approx(100, abs=3)
    mot = (tmp_path / "a.mot").read_text().splitlines()
    assert "inDegrees=yes" in mot
    head = mot.index("endheader")
    again = pandas.read_csv(tmp_path / "a.mot", sep="\t", skiprows=head + 1)
    assert again.left_hip_flexion.to_numpy() == pytest.approx(
        table.left_hip_flexion.to_numpy(), abs=0.01
    )
    assert edge3dpose.count_repetitions(file, "squat").count == 2
    with pytest.raises(BadInput, match=r"steps of .*: 0; wanted 3"):
        edge3dpose.gait(file)
    opensim = pytest.importorskip("opensim", reason="opensim is not installed")
    storage = opensim.Storage(str(tmp_path / "a.mot"))
    assert storage.isInDegrees()
    assert storage.getSize() == len(table)


def test_live_angles_and_counts_reach_the_json_lines():
    values = {"angles": True, "count": "squat", "smooth": False, "bones": False}
    names = {option.name: option.default for option in filters.options()}
    opened = filters.open_all({name: values.get(name, names[name]) for name in names})
    from edge3dpose.types import Frame, Pose3D

    depth = 50 * (1 - np.cos(np.arange(70) / 30 * 2 * np.pi / 2))
    for n, d in enumerate(depth):
        joints = person(left_thigh=(X, -d), right_thigh=(X, -d), left_shin=(X, 1.5 * d),
                        right_shin=(X, 1.5 * d))  # fmt: skip
        (pose,) = moving.poses_of(joints[None])
        frame = Frame(np.zeros((8, 8, 3), np.uint8), n, n / 30, moving.CAMERA)
        people = [pose]
        for change in opened:
            people = change(frame, people)
    content = json.loads(json.dumps(people[0].to_dict(), allow_nan=False))
    assert content["counts"] == {"squat": 1}
    assert set(content["angles_deg"]) == set(NAMES)
    back = Pose3D.from_dict(content)
    assert back.counts == {"squat": 1}
    assert back.angles_deg["left_knee_flexion"] == pytest.approx(
        people[0].angles_deg["left_knee_flexion"], abs=0.06
    )
    assert [line for change in opened for line in change.said] == ["squat: 1 by person 3"]
    with pytest.raises(ValueError, match="angles_deg is"):
        Pose3D.from_dict({**content, "angles_deg": {"knee": "x"}})


def walk(steps_a_minute=110, seconds=6.0, fps=30):
    """Joints (F, 17, 3) of somebody who swings the legs by 25 degrees, to the right."""
    time_s = np.arange(round(seconds * fps)) / fps
    phase = 2 * np.pi * time_s * steps_a_minute / 120
    return time_s, np.stack(
        [person(90, left_thigh=(X, -25 * np.sin(p)), right_thigh=(X, 25 * np.sin(p)),
                left_shin=(X, 30 * max(0, np.cos(p))), right_shin=(X, 30 * max(0, -np.cos(p))))
         for p in phase]
    )  # fmt: skip


def test_the_gait_of_a_walk(tmp_path):
    _, joints = walk()
    gait = edge3dpose.gait(write(tmp_path / "w.jsonl", joints))
    assert gait.steps >= 8
    assert gait.cadence == pytest.approx(110, rel=0.05)
    rig = adult_rig()
    leg_mm = -(rig.offsets_mm[BONE_NAMES.index("left_shin")] + rig.offsets_mm[-1])[1]
    assert gait.step_mm["left"] == pytest.approx(2 * leg_mm * np.sin(np.radians(25)), rel=0.15)
    assert gait.asymmetry(gait.step_mm) < 0.1
    assert gait.asymmetry(gait.step_s) < 0.1
