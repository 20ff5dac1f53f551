"""What the temporal lift is given of a pose, and what its answer means. Leading axes are free.

All of it is in a camera that is turned until the root joint lies on its axis: a pose then looks the
same wherever in the frame the person is. Distances are millimetres, network numbers are metres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge3dpose.skeletons import H36M17
from edge3dpose.types import Array

JOINTS = len(H36M17.joints)
NEAR_MM = 3000.0  # distances are given as logarithms of shares of it
LONGEST_GAP_S = 1.0  # after a longer one the lift starts anew
FEATURES = 2 * JOINTS + JOINTS + JOINTS + 8
ANSWERS = 2 * (3 * JOINTS + 1)  # pose and log of the scale; then the logs of their deviations


@dataclass(frozen=True, slots=True)
class Observation:
    """Poses as a network gives them, before the lift: (..., 17) each.

    rays         (..., 17, 2) x / z and y / z of each joint in the frame's camera
    depth_mm     (..., 17) behind the root joint; 0 where ``has_depth`` is 0
    score        (..., 17)
    root_mm      (...) depth of the root joint
    has_depth    (...) 1, or 0 where the depths are not known
    assumed      (...) 1 where nobody measured the camera
    step_s       (...) since the frame before; 0 in a first frame
    """

    rays: NDArray
    depth_mm: NDArray
    score: NDArray
    root_mm: NDArray
    has_depth: NDArray
    assumed: NDArray
    step_s: NDArray


@dataclass(frozen=True, slots=True)
class Turned:
    """An observation in the camera that looks at the root.

    turn     (..., 3, 3) from the frame's camera
    flat_mm  (..., 17, 2) where each joint would be at the root's distance
    deep_mm  (..., 17) the network's depths behind the root
    far_mm   (...) the root's distance
    """

    turn: Array
    flat_mm: Array
    deep_mm: Array
    far_mm: Array


def turned(seen: Observation) -> Turned:
    """The observation in the camera that looks at the root."""
    root = seen.rays[..., H36M17.root, :]
    turn = turn_to_axis(root)
    ones = np.ones_like(seen.rays[..., :1])
    rays = np.concatenate([seen.rays, ones], -1) @ np.swapaxes(turn, -1, -2)
    far = seen.root_mm * np.sqrt(1 + (root**2).sum(-1))
    flat = rays[..., :2] / np.maximum(rays[..., 2:], 0.05) * far[..., None, None]
    depth = seen.root_mm[..., None] + seen.depth_mm
    points = np.concatenate([seen.rays, ones], -1) * np.maximum(depth, 50.0)[..., None]
    relative = points - points[..., H36M17.root : H36M17.root + 1, :]
    deep = (relative @ np.swapaxes(turn, -1, -2))[..., 2] * seen.has_depth[..., None]
    return Turned(*(np.asarray(part, np.float32) for part in (turn, flat, deep, far)))


def features(seen: Observation, at: Turned) -> Array:
    """(..., FEATURES) of what the network is given."""
    lead = seen.root_mm.shape
    flat = np.clip(at.flat_mm / 1000, -3, 3).reshape(*lead, 2 * JOINTS)
    deep = np.clip(at.deep_mm / 1000, -3, 3)
    root = np.clip(seen.rays[..., H36M17.root, :], -2, 2)
    first = (seen.step_s <= 0).astype(np.float32)
    step = np.log(np.clip(seen.step_s, 1 / 240, LONGEST_GAP_S) * 30) * (1 - first)
    facts = [
        root[..., 0],
        root[..., 1],
        np.log(np.clip(at.far_mm, 300, 60_000) / NEAR_MM),
        seen.has_depth,
        seen.assumed,
        first,
        step,
        seen.score.mean(-1),
    ]
    columns = [flat, deep, seen.score, np.stack(facts, -1)]
    return np.concatenate(columns, -1).astype(np.float32)


def posed(answer: NDArray, at: Turned) -> tuple[Array, Array, Array]:
    """What the network says -> joints, the root's distance as a factor, standard deviations.

    answer  (..., ANSWERS)
    Returns joints_mm (..., 17, 3) relative to the root in the frame's camera, factor (...), std_mm
    (..., 17, 3) along the axes of the camera that looks at the root; the root's is that of its
    place, the others' of their places from the root.
    """
    lead = answer.shape[:-1]
    shift = answer[..., : 3 * JOINTS].reshape(*lead, JOINTS, 3) * 1000
    factor = np.exp(np.tanh(answer[..., 3 * JOINTS]) * 0.7)
    std = np.exp(answer[..., 3 * JOINTS + 1 : -1]).reshape(*lead, JOINTS, 3) * 1000
    deep = at.deep_mm + shift[..., 2]
    across = at.flat_mm * (1 + deep / at.far_mm[..., None])[..., None] + shift[..., :2]
    joints = np.concatenate([across, deep[..., None]], -1) * factor[..., None, None]
    joints = joints - joints[..., H36M17.root : H36M17.root + 1, :]
    return (joints @ at.turn).astype(np.float32), factor.astype(np.float32), std.astype(np.float32)


def turn_to_axis(root: NDArray) -> NDArray:
    """(..., 2) ray of the root -> (..., 3, 3) the smallest turn that takes it to the axis."""
    x, y = root[..., 0], root[..., 1]
    length = np.sqrt(x * x + y * y + 1)
    a, b, c = x / length, y / length, 1 / length
    k = 1 / (1 + c)
    rows = [
        [1 - a * a * k, -a * b * k, -a],
        [-a * b * k, 1 - b * b * k, -b],
        [a, b, c],
    ]
    return np.stack([np.stack(row, -1) for row in rows], -2)
