"""A person who raises the left hand and looks at the camera does so in the axes of each program."""

import numpy as np
import pytest

from edge3dpose import rotations
from edge3dpose.errors import BadInput
from edge3dpose.kinematics import axes

# left, up and where the person looks, in the program's own words for right, up and forward
PERSON = {  # axes: (to the person's left, up, where the person looks, handedness)
    "opencv": ((1, 0, 0), (0, -1, 0), (0, 0, -1), 1),
    "gltf": ((1, 0, 0), (0, 1, 0), (0, 0, 1), 1),
    "ros": ((0, -1, 0), (0, 0, 1), (-1, 0, 0), 1),  # the camera looks along x, left is y
    "unity": ((1, 0, 0), (0, 1, 0), (0, 0, -1), -1),
    "unreal": ((0, 1, 0), (0, 0, 1), (-1, 0, 0), -1),
    "blender": ((1, 0, 0), (0, 0, 1), (0, -1, 0), 1),
    "opensim": ((0, 0, -1), (0, 1, 0), (1, 0, 0), 1),
}


def test_every_axes_is_tried():
    assert set(PERSON) == set(axes.NAMES)


@pytest.mark.parametrize("name", axes.NAMES)
def test_the_left_hand_is_raised_and_the_person_looks_at_the_camera(name):
    left, up, looks, hand = PERSON[name]
    to = axes.find(name)
    # 3 m from the camera, before its middle: pelvis, raised left hand, nose 100 mm before the head
    pelvis, wrist = np.array([0.0, 0, 3000]), np.array([300.0, -900, 3000])
    nose, head = np.array([0.0, -600, 2900]), np.array([0.0, -600, 3000])
    points = to.points(np.stack([pelvis, wrist, nose, head])) / to.per_mm
    assert (points[1] - points[0]) @ left == pytest.approx(300)
    assert (points[1] - points[0]) @ up == pytest.approx(900)
    assert (points[2] - points[3]) @ looks == pytest.approx(100)
    assert points[0] @ looks == pytest.approx(-3000)  # towards the camera, which is the origin
    # left, up and forward make a triple of the program's own handedness
    assert np.linalg.det(np.array([left, up, looks])) == pytest.approx(hand)
    assert np.linalg.det(to.scene) == pytest.approx(hand)
    assert np.linalg.det(to.body) == pytest.approx(hand)
    assert abs(to.scene[to.up, 1]) == 1


@pytest.mark.parametrize("name", axes.NAMES)
def test_a_chain_of_turned_bones_is_the_same_in_each(name):
    rng = np.random.default_rng(3)
    turns = rotations.unit(rng.normal(size=(3, 4)))
    offsets, root = rng.normal(size=(3, 3)) * 100, rng.normal(size=3) * 1000
    end, whole = root.copy(), rotations.IDENTITY
    for turn, offset in zip(turns, offsets, strict=True):
        whole = rotations.multiply(whole, turn)
        end = end + rotations.rotate(whole, offset)
    to = axes.find(name)
    local, rest = to.local_turns(turns), to.rest_points(offsets)
    local[0] = to.world_turns(turns[0])
    found, whole = to.y_up_points(root), rotations.IDENTITY
    for turn, offset in zip(local, rest, strict=True):
        whole = rotations.multiply(whole, turn)
        found = found + rotations.rotate(whole, offset)
    assert found == pytest.approx(to.y_up_points(end), abs=1e-9)
    assert to.points(axes.Y_UP_FROM_OPENCV @ end) == pytest.approx(to.y_up_points(end))


def test_unknown_axes_are_one_line():
    with pytest.raises(BadInput, match="no axes called 'maya'; there are: opencv"):
        axes.find("maya")
