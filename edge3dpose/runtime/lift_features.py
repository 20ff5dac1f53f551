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
    back = np.swapaxes(turn, -1, -2)
    rays = np.ones((*seen.rays.shape[:-1], 3), np.float32)
    rays[..., :2] = seen.rays
    depth = np.maximum(seen.root_mm[..., None] + seen.depth_mm, 50.0)
    points = rays * depth[..., None]
    points -= points[..., H36M17.root : H36M17.root + 1, :]
    rays = rays @ back
    far = (seen.root_mm * np.sqrt(1 + (root * root).sum(-1))).astype(np.float32)
    flat = rays[..., :2] * (far[..., None] / np.maximum(rays[..., 2], 0.05))[..., None]
    deep = (points @ back)[..., 2] * seen.has_depth[..., None]
    return Turned(turn, flat.astype(np.float32), deep.astype(np.float32), far)


def features(seen: Observation, at: Turned) -> Array:
    """(..., FEATURES) of what the network is given."""
    lead = seen.root_mm.shape
    out = np.empty((*lead, FEATURES), np.float32)
    out[..., : 2 * JOINTS] = at.flat_mm.reshape(*lead, 2 * JOINTS)
    out[..., 2 * JOINTS : 3 * JOINTS] = at.deep_mm
    places = out[..., : 3 * JOINTS]
    places *= 0.001
    np.minimum(np.maximum(places, -3, out=places), 3, out=places)
    out[..., 3 * JOINTS : 4 * JOINTS] = seen.score
    facts = out[..., 4 * JOINTS :]
    facts[..., :2] = np.minimum(np.maximum(seen.rays[..., H36M17.root, :], -2), 2)
    facts[..., 2] = np.log(np.minimum(np.maximum(at.far_mm, 300), 60_000) / NEAR_MM)
    facts[..., 3] = seen.has_depth
    facts[..., 4] = seen.assumed
    first = seen.step_s <= 0
    facts[..., 5] = first
    step_s = np.minimum(np.maximum(seen.step_s, 1 / 240), LONGEST_GAP_S)
    facts[..., 6] = np.where(first, 0, np.log(step_s * 30))
    facts[..., 7] = seen.score.mean(-1)
    return out


def posed(answer: NDArray, at: Turned) -> tuple[Array, Array, Array]:
    """What the network says -> joints, the root's distance as a factor, standard deviations.

    answer  (..., ANSWERS)
    Returns joints_mm (..., 17, 3) relative to the root in the frame's camera, factor (...), std_mm
    (..., 17, 3) along the axes of the camera that looks at the root; the root's is that of its
    place, the others' of their places from the root.
    """
    lead = answer.shape[:-1]
    joints = answer[..., : 3 * JOINTS].reshape(*lead, JOINTS, 3) * np.float32(1000)
    factor = np.exp(np.tanh(answer[..., 3 * JOINTS]) * 0.7)
    std = np.exp(answer[..., 3 * JOINTS + 1 : -1]).reshape(*lead, JOINTS, 3) * np.float32(1000)
    deep = joints[..., 2]
    deep += at.deep_mm
    joints[..., :2] += at.flat_mm * (1 + deep / at.far_mm[..., None])[..., None]
    joints -= joints[..., H36M17.root : H36M17.root + 1, :].copy()
    joints = joints @ (at.turn * factor[..., None, None])
    return joints.astype(np.float32), factor.astype(np.float32), std.astype(np.float32)


def turn_to_axis(root: NDArray) -> NDArray:
    """(..., 2) ray of the root -> (..., 3, 3) the smallest turn that takes it to the axis."""
    x, y = root[..., 0], root[..., 1]
    c = 1 / np.sqrt(x * x + y * y + 1)
    a, b, k = x * c, y * c, 1 / (1 + c)
    turn = np.empty((*root.shape[:-1], 3, 3), np.float32)
    turn[..., 0, 0] = 1 - a * a * k
    turn[..., 0, 1] = turn[..., 1, 0] = -a * b * k
    turn[..., 1, 1] = 1 - b * b * k
    turn[..., 0, 2], turn[..., 1, 2] = -a, -b
    turn[..., 2, 0], turn[..., 2, 1], turn[..., 2, 2] = a, b, c
    return turn
