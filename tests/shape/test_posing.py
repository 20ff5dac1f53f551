"""From joints to turns of bones: swing, twist, and back to the joints."""

import moving
import numpy as np
import pytest

from edge3dpose import rotations
from edge3dpose.shape import body, bones
from edge3dpose.shape.posing import TO_Y_UP, motion_of
from edge3dpose.shape.skeleton import BONE_NAMES, BONES

REST = body.rest_body(np.zeros(10), np.ones(len(bones.NAMES)))
UPPER, FORE = BONE_NAMES.index("left_upper_arm"), BONE_NAMES.index("left_forearm")


def posed(turns, rest=REST):
    """(F, 17, 3) joints in camera axes of turns (F, B, 4) against the parents."""
    frames = len(turns)
    world, joints = turns.copy(), np.zeros((frames, 17, 3))
    for n, bone in enumerate(BONES):
        if bone.parent >= 0:
            world[:, n] = rotations.multiply(world[:, bone.parent], turns[:, n])
        ends = [bone.tail] if bone.tail is not None else []
        ends += [below.head for below in BONES if below.parent == n and below.head != bone.head]
        for end in ends:
            step = rest.joints_mm[end] - rest.joints_mm[bone.head]
            joints[:, end] = joints[:, bone.head] + rotations.rotate(world[:, n], step)
    return joints * TO_Y_UP


def still(frames=1):
    return np.tile(rotations.IDENTITY, (frames, len(BONES), 1))


def angle_deg(a, b):
    """Between turns (..., 4)."""
    return np.degrees(2 * np.arccos(np.clip(np.abs((a * b).sum(-1)), 0, 1)))


def arm_axes():
    elbow = REST.joints_mm[BONES[FORE].head]
    upper = rotations.unit(elbow - REST.joints_mm[BONES[UPPER].head])
    lower = rotations.unit(REST.joints_mm[BONES[FORE].tail] - elbow)
    return upper, rotations.unit(np.cross(upper, lower))


def test_a_body_at_rest_does_not_turn():
    motion = motion_of(posed(still()), np.full((1, 3), np.nan), REST)
    assert angle_deg(motion.turns, still()).max() < 0.1
    assert motion.root_mm.tolist() == [[0, 0, 0]]


def test_joints_come_back_from_the_turns():
    joints = moving.joints_mm(np.random.default_rng(2), moving.stick_rig())
    motion = motion_of(joints, np.zeros((90, 3)), REST)
    again = posed(motion.turns)
    a, b = (bones.pair_lengths(each) for each in (joints, again))
    assert np.median(np.abs(a - b)) < 60  # another body: its bones are its own
    for bone in BONES[1:]:
        if bone.tail is not None and bone.name != "chest":
            seen, turned = (
                rotations.unit(each[:, bone.tail] - each[:, bone.head]) for each in (joints, again)
            )
            assert (seen * turned).sum(-1).min() > 0.9999, bone.name


@pytest.mark.parametrize("twist_deg", [-60, -30, 0, 45, 80])
def test_a_bent_elbow_says_how_the_upper_arm_is_twisted(twist_deg):
    upper, hinge = arm_axes()
    turns = still()
    turns[0, UPPER] = rotations.about(upper, twist_deg)
    turns[0, FORE] = rotations.about(hinge, 50)  # besides the bend at rest
    motion = motion_of(posed(turns), np.zeros((1, 3)), REST)
    assert angle_deg(motion.turns[0, UPPER], turns[0, UPPER]) < 1
    assert angle_deg(motion.turns[0, FORE], turns[0, FORE]) < 1


def test_a_straight_arm_keeps_the_twist_of_its_parent():
    upper, hinge = arm_axes()
    lower = REST.joints_mm[BONES[FORE].tail] - REST.joints_mm[BONES[FORE].head]
    bent = np.degrees(np.arccos(rotations.unit(lower) @ upper))
    turns = still()
    turns[0, UPPER] = rotations.about(upper, 70)
    turns[0, FORE] = rotations.about(hinge, 5 - bent)  # 5 degrees from straight
    motion = motion_of(posed(turns), np.zeros((1, 3)), REST)
    assert angle_deg(motion.turns[0, UPPER], still()[0, UPPER]) < 1


def test_a_plane_that_jumps_for_a_frame_hardly_twists_the_arm():
    upper, hinge = arm_axes()
    turns = still(31)
    turns[:, FORE] = rotations.about(hinge, 40)
    turns[15, UPPER] = rotations.about(upper, 80)
    motion = motion_of(posed(turns), np.zeros((31, 3)), REST)
    steps = angle_deg(motion.turns[1:, UPPER], motion.turns[:-1, UPPER])
    assert steps.max() < 8


def test_turns_are_next_to_those_before_so_that_players_take_the_short_way():
    joints = moving.joints_mm(np.random.default_rng(3), moving.stick_rig())
    turns = motion_of(joints, np.zeros((90, 3)), REST).turns
    assert (turns[1:] * turns[:-1]).sum(-1).min() >= 0
    assert np.linalg.norm(turns, axis=-1) == pytest.approx(1)


def test_up_in_the_picture_is_y():
    motion = motion_of(posed(still()), np.array([[100.0, -200.0, 3000.0]]), REST)
    assert motion.root_mm.tolist() == [[100, 200, -3000]]
