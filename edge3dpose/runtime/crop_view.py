"""A crop as a pinhole camera would show it that looks at the person: for people far from the axis.

A wide lens draws a person at the edge smaller (barrel distortion) or broader (a plain pinhole) than
in the middle. The network has seen neither: it takes every crop for what is straight ahead.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge3dpose.camera import focal_px, rays
from edge3dpose.types import Camera

NEAR_AXIS_RAD = math.radians(10)  # up to here depths are along the frame's own axis
FAR_RAD = math.radians(25)  # from here on along the line of sight; between, in between
POWER = 2  # a person's height counts for more than what is near the middle of the body


@dataclass(frozen=True, slots=True)
class CropView:
    """A crop as a pinhole would show it that looks at the person.

    turn      (3, 3) from the frame's camera
    flat      (J, 3) of each joint in it: x / z, y / z, 1
    focal_px  pixels of the frame that one unit of flat spans at the person
    """

    turn: NDArray[np.float64]
    flat: NDArray[np.float64]
    focal_px: float


def view_of_crop(pixels: NDArray, middle_px: NDArray, camera: Camera) -> CropView:
    """How a person is seen whose joints are at pixels (J, 2), in a crop about middle_px (2,).

    The network takes a crop for what a camera sees that looks at it. Far from the axis that camera
    is another one than the frame's: its depths are along the line of sight. And a lens has as many
    focal lengths as places: the one at the person is that of the joints, as far as they reach.
    """
    directions = rays(np.vstack([pixels, middle_px]), camera)
    turn = _turn_towards(directions[-1])
    seen = directions[:-1] @ turn.T
    flat = seen / np.maximum(seen[:, 2:], 0.05)
    flat[:, 2] = 1.0
    if not any(camera.distortion) and not camera.fisheye and turn[2, 2] == 1.0:
        return CropView(turn, flat, focal_px(camera))
    focal = _spread(pixels) / max(_spread(flat), 1e-9)
    return CropView(turn, flat, focal or focal_px(camera))


def _turn_towards(direction: NDArray) -> NDArray[np.float64]:
    """The turn of the camera that sees a crop: none near the axis, where it makes no difference."""
    x, y, z = (float(part) for part in direction)
    across = math.hypot(x, y)
    off = math.atan2(across, z)
    share = min(max((off - NEAR_AXIS_RAD) / (FAR_RAD - NEAR_AXIS_RAD), 0.0), 1.0)
    by = off * share * share * (3 - 2 * share)
    if by == 0.0:
        return np.eye(3)
    c, a, b = math.cos(by), math.sin(by) * x / across, math.sin(by) * y / across
    k = 1 / (1 + c)
    return np.array([[1 - a * a * k, -a * b * k, -a], [-a * b * k, 1 - b * b * k, -b], [a, b, c]])


def _spread(points: NDArray) -> float:
    """How far points (J, D) reach from their middle, most by those that are far from it."""
    apart = ((points - points.mean(0, dtype=np.float64)) ** 2).sum(1)
    return float((apart**POWER).mean() ** (0.5 / POWER))
