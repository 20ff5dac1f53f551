"""Joint sets: trees, mirrors, maps to h36m17, and those that a file lists."""

from __future__ import annotations

import numpy as np
import pytest

from edge3dpose.drawing import bones, draw
from edge3dpose.errors import BadInput
from edge3dpose.joint_lists import header_of_skeleton, listed_skeleton, skeleton_of_header, with_map
from edge3dpose.joint_sets import COCO17, COCO_WHOLEBODY133, SKELETONS
from edge3dpose.poses_file import frame_line, header_line, header_of, read_poses
from edge3dpose.skeletons import H36M17, root_of, score_to_h36m17, to_h36m17, trunk_of
from edge3dpose.types import Box, Frame, Pose3D

SIZES = {"h36m17": 17, "coco17": 17, "mpii16": 16, "halpe26": 26, "blazepose33": 33}
ALL = pytest.mark.parametrize("skeleton", SKELETONS.values(), ids=lambda one: one.name)


def standing(skeleton):
    """A person who stands, in pixels (J, 2): left is to the right in the picture."""
    heights = {"ankle": 9, "knee": 7, "hip": 5, "pelvis": 5, "shoulder": 2, "thorax": 2, "ear": 0.8,
               "head": -0.2, "elbow": 3.5, "wrist": 5, "neck": 1.3, "spine": 3.5}  # fmt: skip
    points = []
    for name in skeleton.joints:
        side = 1 if name.startswith("left") else -1 if name.startswith("right") else 0
        row = next((y for part, y in heights.items() if part in name), 1.0)
        points.append((100 + 10 * side, 20 + 20 * row))
    return np.array(points, np.float32)


@ALL
def test_a_joint_set_is_a_forest_with_a_mirror_that_undoes_itself(skeleton):
    J = len(skeleton.joints)
    assert J == SIZES.get(skeleton.name, 133) == len(set(skeleton.joints)) == len(skeleton.parents)
    assert [skeleton.mirror[n] for n in skeleton.mirror] == list(range(J))
    for a, b in bones(skeleton):
        assert 0 <= a < J
        assert 0 <= b < J
        assert a != b
    for name, other in zip(skeleton.joints, skeleton.mirror, strict=True):
        if name.startswith("left_"):
            assert skeleton.joints[other] == name.replace("left_", "right_", 1)


@ALL
def test_the_map_to_h36m17_keeps_limbs_and_the_order_from_head_to_foot(skeleton):
    points = standing(skeleton)
    mapped = to_h36m17(points, skeleton)
    place = dict(zip(H36M17.joints, mapped, strict=True))
    own = dict(zip(skeleton.joints, points, strict=True))
    for name in ("left_wrist", "right_ankle", "left_hip"):
        assert place[name] == pytest.approx(own[name])
    order = ["head_top", "neck", "thorax", "spine", "pelvis", "left_knee", "left_ankle"]
    heights = [place[name][1] for name in order]
    assert heights == sorted(heights)
    assert trunk_of(points, skeleton) == pytest.approx([0, -60])
    assert root_of(points, skeleton) == pytest.approx([100, 120])


def test_the_score_of_a_joint_between_others_is_the_least_of_theirs():
    score = np.full(17, 0.9, np.float32)
    score[COCO17.index("left_hip")] = 0.2
    mapped = dict(zip(H36M17.joints, score_to_h36m17(score, COCO17), strict=True))
    assert mapped["pelvis"] == mapped["left_hip"] == pytest.approx(0.2)
    assert mapped["thorax"] == pytest.approx(0.9)


def pose_2d(skeleton):
    points = standing(skeleton)
    J = len(points)
    return Pose3D(None, points, np.full(J, 0.9, np.float32), None, 3, Box(0, 0, 220, 220),
                  skeleton=skeleton)  # fmt: skip


@ALL
def test_a_2d_pose_is_drawn_and_written_and_read_without_millimetres(skeleton, tmp_path):
    pose = pose_2d(skeleton)
    image = np.zeros((240, 220, 3), np.uint8)
    assert (draw(image, pose) != 0).sum() > 2000
    frame = Frame(image, 0, 0.0)
    file = tmp_path / "poses.jsonl"
    file.write_text(header_line(header_of(skeleton), frame) + frame_line(frame, [pose]))
    assert "joints_mm" not in file.read_text().splitlines()[1]
    poses = read_poses(file)
    assert poses.skeleton == skeleton
    ((one,),) = [seen.people for seen in poses]
    assert one.joints_mm is None
    assert one.root_mm is None
    assert not one.is_3d
    assert one.pixels == pytest.approx(pose.pixels, abs=0.01)
    arrays = poses.to_numpy()
    assert "joints_mm" not in arrays
    assert arrays["pixels"].shape == (1, len(skeleton.joints), 2)
    with pytest.raises(BadInput, match="2D"):
        one[skeleton.joints[0]]
    assert one.in_h36m17().skeleton == H36M17


LISTED = {
    "joints": ["middle", "left_tip", "right_tip"],
    "parents": [-1, 0, 0],
    "root": [1, 2],
    "links": [[1, 2]],
}


def test_a_listed_joint_set_is_read_again_from_a_header():
    skeleton = listed_skeleton("three", LISTED)
    assert skeleton.mirror == (0, 2, 1)
    assert skeleton.roots == (1, 2)
    assert skeleton_of_header(header_of_skeleton(skeleton)) == skeleton
    assert "parents" not in header_of_skeleton(COCO_WHOLEBODY133)
    with pytest.raises(ValueError, match="no map"):
        to_h36m17(np.zeros((3, 2)), skeleton)
    with pytest.raises(ValueError, match="lacks pelvis"):
        with_map(skeleton, {})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"joints": []}, "names"),
        ({"joints": ["a", "a", "b"]}, "twice"),
        ({"joints": [str(n) for n in range(300)]}, "256"),
        ({"parents": [1, 2, 0]}, "circle"),
        ({"parents": [-1, 0]}, "3 indices"),
        ({"parents": [-1, 0, 3]}, "index"),
        ({"mirror": [1, 2, 0]}, "exchange"),
        ({"links": [[0]]}, "2 indices"),
        ({"root": []}, "root"),
    ],
)
def test_what_is_no_joint_set_is_refused(change, words):
    with pytest.raises(ValueError, match=words):
        listed_skeleton("three", LISTED | change)
