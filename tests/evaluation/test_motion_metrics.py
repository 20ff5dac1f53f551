"""Figures of motions whose errors are known: turned, shifted, shaken, late, with holes."""

from pathlib import Path

import numpy as np
import pytest
import standing

from edge3dpose import metrics as single
from edge3dpose.evaluation import motion_errors, motion_metrics
from edge3dpose.evaluation.motion_errors import Found, best_offset_s
from edge3dpose.evaluation.recordings import Motion, Recording
from edge3dpose.skeletons import H36M17
from edge3dpose.types import Camera

NAMES = tuple(name for name in H36M17.joints if name.split("_")[0] in ("left", "right"))
OF = [H36M17.index(name) for name in NAMES]
FPS = 30


def walk(time_s):
    """A person who swings arms and legs on bones of fixed length, (F, 12, 3)."""
    joints = np.repeat(standing.JOINTS_MM[OF].astype(float)[None], len(time_s), 0)
    for side, phase in (("left", 0.0), ("right", np.pi)):
        for chain, amount in (
            (("hip", "knee", "ankle"), 0.6),
            (("shoulder", "elbow", "wrist"), -0.8),
        ):
            first, *rest = (NAMES.index(f"{side}_{part}") for part in chain)
            for frame, angle in enumerate(amount * np.sin(4 * time_s + phase)):
                turn = rotation((1, 0, 0), angle)
                joints[frame, rest] = (joints[frame, rest] - joints[frame, first]) @ turn.T
                joints[frame, rest] += joints[frame, first]
    return joints


def rotation(axis, angle):
    """Rodrigues."""
    x, y, z = np.array(axis) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


TIME_S = np.arange(90) / FPS
TRUTH_S = np.arange(-50, 400) / 100
TRUTH = Motion(TRUTH_S, walk(TRUTH_S))


def recording(**more):
    return Recording("clip", None, NAMES, TRUTH, **more)


def figures(joints, offset_s=0.0, **more):
    return motion_errors.figures(Found(Motion(TIME_S, joints), **more), recording(), offset_s)


def test_the_true_motion_has_no_errors():
    found = figures(walk(TIME_S))
    assert found["pa_mpjpe_mm"] == pytest.approx(0, abs=0.5)  # linear between moments of 100 Hz
    assert found["one_rotation_mm"] == pytest.approx(0, abs=0.5)
    assert found["velocity_error_mm_s"] < 10
    assert found["bone_wobble"] == pytest.approx(0, abs=1e-9)
    assert found["missed"] == 0
    assert all(found[f"{angle}_error_deg"] < 0.1 for angle in motion_metrics.ANGLES)


def test_one_rotation_for_the_clip_and_any_place_of_the_person_are_no_error():
    turned = walk(TIME_S) @ rotation((1, 2, 3), 1.0).T
    wandering = turned + np.cumsum(np.ones((len(TIME_S), 1, 3)) * 20, axis=0)
    found = figures(wandering)
    assert found["one_rotation_mm"] == pytest.approx(0, abs=0.5)
    assert found["velocity_error_mm_s"] < 10


def test_a_rotation_that_changes_is_an_error_of_the_clip_and_not_of_its_poses():
    joints = walk(TIME_S)
    for frame, angle in enumerate(0.3 * np.sin(TIME_S * 2)):
        joints[frame] = joints[frame] @ rotation((1, 0, 0), angle).T
    found = figures(joints)
    assert found["pa_mpjpe_mm"] == pytest.approx(0, abs=0.5)
    assert found["one_rotation_mm"] > 30


def test_a_size_is_an_error_without_pa_only():
    found = figures(walk(TIME_S) * 1.1)
    assert found["pa_mpjpe_mm"] == pytest.approx(0, abs=0.5)
    far = np.linalg.norm(motion_metrics.from_hips(walk(TIME_S), NAMES), axis=-1).mean()
    assert found["one_rotation_mm"] == pytest.approx(0.1 * far, rel=0.02)


def test_pa_is_the_pa_mpjpe_of_the_other_reports():
    noise = np.random.default_rng(1).normal(0, 40, (20, 12, 3))
    true = walk(TIME_S)[:20]
    seen = np.random.default_rng(2).random((20, 12)) > 0.3
    with_holes = np.where(seen[..., None], true + noise, np.nan)
    ours = motion_metrics.mean(motion_metrics.pa_errors(with_holes, true))
    assert ours == pytest.approx(single.pa_mpjpe(true + noise, true, counted=seen))
    mirrored = true * [-1, 1, 1]  # no reflection
    ours = motion_metrics.mean(motion_metrics.pa_errors(mirrored, true))
    assert ours == pytest.approx(single.pa_mpjpe(mirrored, true))


def test_a_constant_bias_of_a_joint_moves_nothing():
    joints = walk(TIME_S)
    joints[:, NAMES.index("left_wrist"), 2] += 120
    found = figures(joints)
    assert found["velocity_error_mm_s"] < 25  # of the small rotation that shares out the bias
    assert 5 < found["one_rotation_mm"] < 120 / 12**0.5  # its root mean square without rotation


def test_a_joint_that_drifts_has_that_velocity_error():
    still = Motion(TRUTH_S, np.repeat(walk(np.zeros(1)), len(TRUTH_S), 0))
    joints = np.repeat(walk(np.zeros(1)), len(TIME_S), 0)
    wrist = NAMES.index("left_wrist")
    joints[:, wrist, 1] += 60 * (TIME_S - TIME_S.mean())  # mm/s
    clip = Recording("clip", None, NAMES, still)
    found = motion_errors.figures(Found(Motion(TIME_S, joints)), clip, 0.0)
    assert found["velocity_error_mm_s"] == pytest.approx(60 / 12, rel=0.02)
    assert found["acceleration_m_s2"] == pytest.approx(0, abs=1e-6)


def test_a_shake_has_its_acceleration():
    joints = np.repeat(walk(np.zeros(1)), len(TIME_S), 0)
    joints[::2, NAMES.index("left_wrist"), 0] += 10
    own = motion_errors.own_figures(Motion(TIME_S, joints), NAMES)
    assert own["acceleration_m_s2"] == pytest.approx(2 * 10 * FPS**2 / 1000 / 12)


@pytest.mark.parametrize("late_s", [-0.25, -0.03, 0.0, 0.12, 0.284])
def test_a_constant_delay_is_found(late_s):
    found = Motion(TIME_S, walk(TIME_S - late_s))
    assert best_offset_s(found, TRUTH) == pytest.approx(-late_s, abs=0.003)


def test_a_delay_beyond_the_search_is_not_searched_for():
    assert abs(best_offset_s(Motion(TIME_S, walk(TIME_S - 0.5)), TRUTH)) <= 0.3


def test_bones_that_vary_wobble():
    joints = walk(TIME_S)
    arm = joints[:, NAMES.index("left_wrist")] - joints[:, NAMES.index("left_elbow")]
    stretch = np.where(np.arange(len(TIME_S)) % 2, 0.2, -0.2)[:, None]
    joints[:, NAMES.index("left_wrist")] += stretch * arm
    wobble = motion_metrics.bone_wobble(joints, NAMES)
    assert wobble == pytest.approx(0.2 / len(motion_metrics.BONES), rel=1e-6)


def test_the_angles_are_those_of_anatomy():
    straight = standing.JOINTS_MM[OF].astype(float)[None].copy()

    def placed(**joints):
        pose = straight.copy()
        for name, place in joints.items():
            pose[0, NAMES.index(name)] = place
        return pose

    hip = straight[0, NAMES.index("left_hip")]
    forward, down, aside = np.array([[0.0, 0, -400], [0, 400, 0], [270, 0, 0]])
    sitting = placed(left_knee=hip + forward, left_ankle=hip + forward + down)
    knee, _ = motion_metrics.angles_deg(sitting, NAMES, "knee_flexion")[0]
    thigh, _ = motion_metrics.angles_deg(sitting, NAMES, "hip_flexion")[0]
    assert knee == pytest.approx(90)
    assert thigh == pytest.approx(90, abs=3)
    shoulder = straight[0, NAMES.index("left_shoulder")]
    side = placed(left_elbow=shoulder + aside, left_wrist=shoulder + aside - down)
    assert motion_metrics.angles_deg(side, NAMES, "elbow_flexion")[0, 0] == pytest.approx(90)
    raised = motion_metrics.angles_deg(side, NAMES, "shoulder_elevation")[0, 0]
    assert raised == pytest.approx(90, abs=8)  # the trunk narrows towards the hips
    assert motion_metrics.angles_deg(straight, NAMES, "knee_flexion").max() < 5


def test_frames_without_the_person_are_counted_and_not_scored():
    joints = walk(TIME_S)
    joints[30:48] = np.nan
    found = figures(joints)
    assert found["missed"] == pytest.approx(18 / 90)
    assert found["pa_mpjpe_mm"] == pytest.approx(0, abs=0.5)
    assert found["velocity_error_mm_s"] < 10
    nobody = np.full_like(joints, np.nan)
    assert best_offset_s(Motion(TIME_S, nobody), TRUTH) == 0.0
    lost = figures(nobody)
    assert lost["missed"] == 1
    assert np.isnan(lost["pa_mpjpe_mm"])


def test_frames_outside_the_truth_are_not_missed():
    late = np.arange(90) / FPS + 2  # the truth ends after 3.99 s
    joints = walk(late)
    found = motion_errors.figures(Found(Motion(late, joints)), recording(), 0.0)
    assert found["missed"] == 0
    assert found["pa_mpjpe_mm"] == pytest.approx(0, abs=0.5)


def test_with_a_calibrated_camera_nothing_is_aligned_but_the_hips():
    camera = Camera((1000.0, 1000.0), (500.0, 500.0))
    away = np.array([0.0, 0, 4000])
    truth = Motion(TRUTH_S, TRUTH.joints_mm + away)
    clip = Recording("view", None, NAMES, truth, camera)
    turned = walk(TIME_S) @ rotation((1, 0, 0), 0.2).T + away + [0, 0, 300]
    found = motion_errors.figures(Found(Motion(TIME_S, turned), absolute=True), clip, 0.0)
    assert found["one_rotation_mm"] == pytest.approx(0, abs=0.5)
    far = np.linalg.norm(motion_metrics.from_hips(walk(TIME_S), NAMES)[..., 1:], axis=-1).mean()
    assert found["mpjpe_mm"] == pytest.approx(2 * np.sin(0.1) * far, rel=0.02)
    assert found["root_depth_error_mm"] == pytest.approx(300, abs=1)
    assert found["root_depth_error"] == pytest.approx(300 / 4000, abs=1e-3)
    relative = motion_errors.figures(Found(Motion(TIME_S, turned)), clip, 0.0)
    assert "root_depth_error_mm" not in relative
    own_axes = motion_errors.figures(Found(Motion(TIME_S, turned), axes="own"), clip, 0.0)
    assert "mpjpe_mm" not in own_axes


def test_the_share_within_a_deviation_is_counted_along_the_found_axes():
    rng = np.random.default_rng(0)
    names = ("left_hip", "right_hip", "left_knee", "right_knee", "left_wrist")
    true = rng.normal(0, 300, (200, 5, 3))
    true[:, :2] = [[100, 0, 0], [-100, 0, 0]]
    turn = np.array([[0, 0, 1.0], [0, 1, 0], [-1, 0, 0]])
    noise = rng.normal(0, [10, 20, 60], (200, 5, 3))
    noise[:, :2] = 0
    time_s = np.arange(200) / 30
    found = Found(
        Motion(time_s, true @ turn.T + noise), std_mm=np.tile([10.0, 20.0, 60.0], (200, 5, 1))
    )
    recording = Recording("x", Path("x.mp4"), names, Motion(time_s, true))
    figures = motion_errors.figures(found, recording, 0.0)
    assert figures["within_1_std"] == pytest.approx(0.683, abs=0.03)
    assert figures["within_2_std"] == pytest.approx(0.954, abs=0.02)
