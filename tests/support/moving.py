"""People who move: joints of a rig over time, and poses files of them."""

from __future__ import annotations

import numpy as np
import stick

from edge3dpose import rotations
from edge3dpose.poses_file import frame_line, header_line, header_of
from edge3dpose.skeletons import H36M17
from edge3dpose.training.synthesis import motion, rig
from edge3dpose.training.synthesis.assets import Clip
from edge3dpose.training.synthesis.skinning import BodyRig
from edge3dpose.types import Camera, Frame, Pose3D

FPS = 30.0
CAMERA = Camera((900.0, 900.0), (640.0, 360.0))


def stick_rig():
    """The rig of an adult of sticks."""
    names, parents, heads = stick.stick_bones()
    return BodyRig(tuple(names), tuple(parents), heads, np.array([0.0, 1.74, 0.0]))


def joints_mm(rng, body_rig, frames=90):
    """(frames, 17, 3) in camera axes: from one drawn pose to another, a second each."""
    still = np.tile([1.0, 0, 0, 0], (3, len(rig.SEGMENTS), 1)).astype(np.float16)
    clip = Clip("still", still, np.zeros((3, 3), np.float32), FPS, 1.0)
    keys = 2 + frames // int(FPS)
    poses = [motion.to_local(motion.draw_segments(rng, (clip,))) for _ in range(keys)]
    segments = []
    for frame in range(frames):
        key, part = divmod(frame / FPS, 1)
        segments.append(motion.to_world(rotations.mix(poses[int(key)], poses[int(key) + 1], part)))
    return 1000 * body_rig.joints_over_time(np.stack(segments)) * [1, -1, -1]


def poses_of(joints, track_id=3, root_mm=(0.0, 0.0, 3500.0)):
    """Pose3D of joints (F, 17, 3)."""
    root = np.array(root_mm, np.float32)
    flat = np.zeros((17, 2), np.float32)
    one = np.ones(17, np.float32)
    return [Pose3D(each.astype(np.float32), flat, one, root, track_id) for each in joints]


def write_poses(path, people, **header):
    """A poses file with the people of each frame."""
    image = np.zeros((720, 1280, 3), np.uint8)
    frames = [Frame(image, n, n / FPS, CAMERA) for n in range(len(people))]
    lines = [header_line(header_of(H36M17, source="test", **header), frames[0])]
    lines += [frame_line(frame, seen) for frame, seen in zip(frames, people, strict=True)]
    path.write_text("".join(lines), encoding="utf-8")
    return path
