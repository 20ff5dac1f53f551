"""Where each person of a crowd goes: across the view and back, about in it, or nowhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

ROLES = ("cross", "cross", "wander", "stand", "cross", "wander", "cross", "stand")
CLEAR_M = 0.6  # between the pelvises of two people, at any time
TRIES = 400
NEAREST_M, FARTHEST_M = 2.8, 7.5  # from the camera
BEYOND_M = (0.7, 1.6)  # how far those who leave go beyond the edge of the view
TURN_S, STEP_S = 0.28, 0.35  # standard deviations of the smoothing of heading and place


@dataclass(frozen=True)
class Way:
    """A way over the ground. x right of the camera, metres; the camera stands at the origin."""

    role: str
    place_m: NDArray[np.float64]  # (T, 2) x and distance ahead
    heading_rad: NDArray[np.float64]  # (T,) 0 away from the camera, pi / 2 to the right
    gone_m: NDArray[np.float64]  # (T,) length of the way so far


@dataclass(frozen=True)
class Ground:
    """What the camera sees of the ground, and for how long.

    across  half the width of the view, in distances from the camera
    """

    across: float
    frames: int
    fps: float


def plan(rng: np.random.Generator, ground: Ground, speeds_m_s: list[float]) -> list[Way]:
    """A way a person; nobody walks through another one."""
    ways: list[Way] = []
    for n, speed in enumerate(speeds_m_s):
        role = ROLES[n % len(ROLES)]
        tried: list[tuple[float, Way]] = []
        for _ in range(TRIES):
            way = _DRAWN[role](rng, ground, speed)
            tried.append((clearance_m(way, ways), way))
            if tried[-1][0] >= CLEAR_M:
                break
        ways.append(max(tried, key=lambda one: one[0])[1])
    return ways


def clearance_m(way: Way, others: list[Way]) -> float:
    """The nearest that a person comes to one of the others."""
    apart = [np.linalg.norm(way.place_m - other.place_m, axis=1).min() for other in others]
    return float(min(apart, default=np.inf))


def _cross(rng: np.random.Generator, ground: Ground, speed_m_s: float) -> Way:
    """From beyond one edge of the view to beyond the other, and back at another distance."""
    ahead = rng.uniform(NEAREST_M, FARTHEST_M)
    side = rng.choice([-1.0, 1.0])
    corners = []
    for _ in range(8):
        x = side * (ahead * ground.across + rng.uniform(*BEYOND_M))
        corners.append((x, ahead))
        side = -side
        ahead = np.clip(ahead + rng.normal(0, 0.9), NEAREST_M, FARTHEST_M)
    return _along(ground, np.array(corners), speed_m_s, rng.uniform(0, 4.0), "cross")


def _wander(rng: np.random.Generator, ground: Ground, speed_m_s: float) -> Way:
    """From one place in the view to the next."""
    ahead = rng.uniform(NEAREST_M + 0.3, FARTHEST_M, 24)
    x = rng.uniform(-0.8, 0.8, 24) * ground.across * ahead
    return _along(ground, np.stack([x, ahead], 1), 0.8 * speed_m_s, 0.0, "wander")


def _stand(rng: np.random.Generator, ground: Ground, speed_m_s: float) -> Way:
    ahead = rng.uniform(NEAREST_M + 1, FARTHEST_M)
    place = np.array([rng.uniform(-0.7, 0.7) * ground.across * ahead, ahead])
    still = np.zeros(ground.frames)
    heading = np.pi + rng.normal(0, 0.9)  # towards the camera, mostly
    return Way("stand", np.tile(place, (ground.frames, 1)), still + heading, still)


_DRAWN: dict[str, Callable[[np.random.Generator, Ground, float], Way]] = {
    "cross": _cross,
    "wander": _wander,
    "stand": _stand,
}


def _along(ground: Ground, corners: NDArray, speed_m_s: float, from_m: float, role: str) -> Way:
    """At an even speed from corner to corner, slower where the way turns."""
    reach = np.concatenate([[0], np.linalg.norm(np.diff(corners, axis=0), axis=1).cumsum()])
    margin = round(3 * STEP_S * ground.fps)
    at = np.arange(-margin, ground.frames + margin) / ground.fps * speed_m_s + from_m + 2.0
    at = reach[-1] - np.abs(at % (2 * reach[-1]) - reach[-1])
    place = np.stack([np.interp(at, reach, corners[:, axis]) for axis in range(2)], 1)
    place = _smooth(place, STEP_S * ground.fps)
    step = np.gradient(place, axis=0)
    heading = np.unwrap(np.arctan2(step[:, 0], step[:, 1]))
    heading = _smooth(heading[:, None], TURN_S * ground.fps)[:, 0]
    gone = np.linalg.norm(np.diff(place, axis=0, prepend=place[:1]), axis=1).cumsum()
    shown = slice(margin, margin + ground.frames)
    return Way(role, place[shown], heading[shown], gone[shown])


def _smooth(values: NDArray, sigma: float) -> NDArray[np.float64]:
    """(T, D) smoothed along T, the ends repeated."""
    blurred = cv2.GaussianBlur(values, (1, 0), sigma, sigmaY=sigma, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred, np.float64).reshape(values.shape)
