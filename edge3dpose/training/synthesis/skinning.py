"""Poses a body: bone matrices for the renderer, and the 17 joints."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge3dpose import rotations
from edge3dpose.training.synthesis import rig


@dataclass(frozen=True)
class PosedBody:
    """World space, metres, y up, pelvis joint at the origin."""

    bones: NDArray[np.float32]  # (B, 3, 4): world = bones @ (rest, 1)
    joints_m: NDArray[np.float64]  # (17, 3)


class BodyRig:
    """The bones of one body at rest, ready to be posed."""

    def __init__(
        self,
        bone_names: tuple[str, ...],
        bone_parents: tuple[int, ...],
        heads_m: NDArray,
        head_top_m: NDArray,
    ) -> None:
        self.parents = bone_parents
        self.heads = np.asarray(heads_m, float)
        self.head_top = np.asarray(head_top_m, float)
        self.index = {name: i for i, name in enumerate(bone_names)}
        follows = [rig.segments_of(name) for name in bone_names]
        self._first = np.array([first for first, _, _ in follows])
        self._second = np.array([second for _, second, _ in follows])
        self._share = np.array([share for _, _, share in follows])[:, None]
        self._to_t = self._t_pose_turns()[self._first]
        self._fingers, self._finger_sides, self._finger_bends = _fingers(bone_names)
        self._levels = _levels(bone_parents)

    def pose(self, segments: NDArray, grip: tuple[float, float] = (0.2, 0.2)) -> PosedBody:
        """segments (22, 4) world turns from the T-pose; grip left and right, 0 open ... 1 fist."""
        turns = rotations.mix(segments[self._first], segments[self._second], self._share)
        turns = rotations.multiply(turns, self._to_t)
        turns = self._curl(turns, grip)
        matrices = rotations.matrix(turns)
        heads = np.zeros_like(self.heads)
        for children, parents in self._levels:
            step = self.heads[children] - self.heads[parents]
            heads[children] = heads[parents] + np.einsum("bij,bj->bi", matrices[parents], step)
        joints = self._joints(heads, matrices)
        shift = heads - joints[0] - np.einsum("bij,bj->bi", matrices, self.heads)
        bones = np.concatenate([matrices, shift[:, :, None]], 2).astype(np.float32)
        return PosedBody(bones, joints - joints[0])

    def joints_over_time(self, segments: NDArray) -> NDArray[np.float64]:
        """(T, 22, 4) world turns -> (T, 17, 3) joints, metres, the pelvis at the origin.

        The same as ``pose`` of each frame, without the skin: some hundred times faster.
        """
        turns = rotations.mix(segments[:, self._first], segments[:, self._second], self._share)
        matrices = rotations.matrix(rotations.multiply(turns, self._to_t))
        heads = np.zeros((len(segments), *self.heads.shape))
        for children, parents in self._levels:
            step = self.heads[children] - self.heads[parents]
            heads[:, children] = heads[:, parents] + np.einsum(
                "tbij,bj->tbi", matrices[:, parents], step
            )
        joints = self._joints(heads, matrices)
        return joints - joints[:, :1]

    def _t_pose_turns(self) -> NDArray:
        """(22, 4) what takes each segment of this body's A-pose to the T-pose."""
        turns = np.tile(rotations.IDENTITY, (len(rig.SEGMENTS), 1))
        for segment, (start, end, wanted) in rig.T_POSE.items():
            rest = self.heads[self.index[end]] - self.heads[self.index[start]]
            turns[rig.SEGMENTS.index(segment)] = rotations.between(rest, np.array(wanted))
        for side in "LR":  # feet: only the yaw, the sole stays flat
            toes = self.heads[self.index[f"toe3-1.{side}"]] - self.heads[self.index[f"foot.{side}"]]
            yaw = rotations.between(toes * [1, 0, 1], np.array([0.0, 0.0, 1.0]))
            for part in ("foot", "toe"):
                turns[rig.SEGMENTS.index(side.lower() + part)] = yaw
        return turns

    def _curl(self, turns: NDArray, grip: tuple[float, float]) -> NDArray:
        """Fingers bend about the hand's own axis (T-pose: palms down, thumbs forward)."""
        rows = self._fingers
        angles = self._finger_bends * np.where(self._finger_sides > 0, grip[0], grip[1])
        bends = rotations.about(np.array([[0.0, 0.0, 1.0]]), -self._finger_sides * angles)
        rest = self._to_t[rows]
        hand = rotations.multiply(turns[rows], rotations.inverse(rest))
        curled = turns.copy()
        curled[rows] = rotations.multiply(hand, rotations.multiply(bends, rest))
        return curled

    def _joints(self, heads: NDArray, matrices: NDArray) -> NDArray:
        joints = np.zeros((*heads.shape[:-2], 17, 3))
        for j, bone in enumerate(rig.JOINT_BONES):
            if bone is not None:
                joints[..., j, :] = heads[..., self.index[bone], :]
        joints[..., 0, :] = (joints[..., 1, :] + joints[..., 4, :]) / 2
        skull = self.index["head"]
        reach = matrices[..., skull, :, :] @ (self.head_top - self.heads[skull])
        joints[..., 10, :] = heads[..., skull, :] + reach
        return joints


def _fingers(names: tuple[str, ...]) -> tuple[NDArray, NDArray, NDArray]:
    """Bones of the fingers, their side (1 left, -1 right) and degrees each turns in a fist.

    ``finger2-3.L`` is the third bone of the index finger: bends add up along a finger, and the
    thumb (finger1) hardly bends.
    """
    rows = [i for i, name in enumerate(names) if name.startswith("finger")]
    sides = [1.0 if names[i].endswith("L") else -1.0 for i in rows]
    bends = [20.0 if names[i].startswith("finger1") else 65.0 * int(names[i][8]) for i in rows]
    return np.array(rows, int), np.array(sides), np.array(bends)


def _levels(parents: tuple[int, ...]) -> list[tuple[NDArray, NDArray]]:
    """(children, their parents) by depth, so that a whole level is placed at once."""
    depth: list[int] = []
    for parent in parents:
        depth.append(0 if parent < 0 else depth[parent] + 1)
    levels = []
    for level in range(1, max(depth) + 1):
        children = np.array([i for i, d in enumerate(depth) if d == level])
        levels.append((children, np.array([parents[i] for i in children])))
    return levels
