"""Random poses that motion capture lacks: sitting, kneeling, on the floor, hanging, bent."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edge3dpose.rotations import about, multiply
from edge3dpose.training.synthesis.limbs import Pose, X, Y, Z, arm, bend_trunk, feet, leg


def _upright(rng: np.random.Generator, local: Pose, lean: float) -> None:
    local[0] = multiply(about(X, lean), about(Z, rng.normal(0, 5)))


def _maybe_arms(rng: np.random.Generator, local: Pose, towards: tuple[float, float, float]) -> None:
    for side in "lr":
        if rng.random() < 0.75:
            arm(rng, local, side, towards)


def _sit(rng: np.random.Generator, local: Pose) -> Pose:
    """On a chair, a box or the floor; legs bent, stretched or crossed."""
    lean = rng.normal(-5, 12)
    _upright(rng, local, lean)
    bend_trunk(rng, local, rng.normal(10, 18))
    low = rng.random() < 0.35
    for side in "lr":
        flex = rng.normal(95 if low else 85, 14) + lean
        knee = rng.uniform(0, 140) if low else rng.normal(85, 22)
        turn = rng.uniform(0, 55) if low else rng.normal(8, 12)
        leg(local, side, flex, abs(rng.normal(8, 12)), knee, turn)
    feet(rng, local, 5)
    _maybe_arms(rng, local, (0.3, -0.9, 1.0))
    return local


def _kneel(rng: np.random.Generator, local: Pose) -> Pose:
    """On one knee or both, upright or sitting back on the heels."""
    _upright(rng, local, rng.normal(0, 10))
    bend_trunk(rng, local, rng.normal(8, 20))
    back = rng.uniform(0, 70)
    for side in "lr":
        leg(local, side, back + rng.normal(0, 6), rng.normal(6, 6), 90 + back * 0.75, 0)
    if rng.random() < 0.5:
        leg(local, "r", rng.normal(85, 12), rng.normal(8, 8), rng.normal(88, 12), 5)
    feet(rng, local, 25)
    _maybe_arms(rng, local, (0.2, -0.5, 0.7))
    return local


def _squat(rng: np.random.Generator, local: Pose) -> Pose:
    """From a half bend to the heels, trunk leaning to keep the balance."""
    depth = rng.uniform(0.25, 1.0)
    lean = depth * rng.uniform(10, 50)
    _upright(rng, local, lean)
    bend_trunk(rng, local, rng.normal(6, 10))
    spread, turn = rng.uniform(2, 25), rng.uniform(0, 35)
    for side in "lr":
        knee = depth * 125 + rng.normal(0, 6)
        leg(local, side, depth * 85 + lean + rng.normal(0, 5), spread, knee, turn)
    feet(rng, local, -20 * depth)
    _maybe_arms(rng, local, (0.0, 0.0, 1.0))
    return local


def _lunge(rng: np.random.Generator, local: Pose) -> Pose:
    """One leg forward or to the side, also high kicks and one-legged stands."""
    _upright(rng, local, rng.normal(8, 14))
    bend_trunk(rng, local, rng.normal(5, 15))
    front = rng.uniform(15, 115)
    leg(local, "l", front, rng.normal(5, 18), rng.uniform(0, 115), rng.normal(5, 15))
    leg(local, "r", rng.uniform(-35, 10), abs(rng.normal(6, 12)), rng.uniform(0, 80), 5)
    feet(rng, local, 10)
    _maybe_arms(rng, local, (0.3, 0.0, 0.4))
    return local


def _floor(rng: np.random.Generator, local: Pose) -> Pose:
    """Lying on back, front or side, planks, push-ups, bridges and crawling."""
    lying = rng.choice([-90.0, 90.0], p=[0.5, 0.5]) + rng.normal(0, 12)
    roll = rng.choice([0.0, 90.0], p=[0.75, 0.25]) * rng.choice([-1, 1]) + rng.normal(0, 12)
    local[0] = multiply(about(X, lying), about(Y, roll))
    crawl = lying > 0 and rng.random() < 0.5
    bend_trunk(rng, local, rng.normal(0, 14))
    for side in "lr":
        flex = rng.normal(75, 20) if crawl else rng.choice([rng.normal(5, 15), rng.uniform(0, 110)])
        knee = flex * rng.uniform(0.6, 1.3) if flex > 20 else abs(rng.normal(5, 15))
        leg(local, side, flex, abs(rng.normal(5, 15)), knee, rng.normal(5, 15))
        arm(rng, local, side, (0.2, 0.2, 1.6) if lying > 0 else (0.6, -0.3, 0.3))
    feet(rng, local, 20)
    return local


def _hang(rng: np.random.Generator, local: Pose) -> Pose:
    """Arms overhead: hanging, reaching, throwing, jumping."""
    _upright(rng, local, rng.normal(0, 14))
    bend_trunk(rng, local, rng.normal(-5, 12))
    for side in "lr":
        leg(local, side, rng.normal(12, 25), rng.normal(6, 10), abs(rng.normal(20, 35)), 5)
        arm(rng, local, side, (0.5, 2.6, 0.3))
    feet(rng, local, 25)
    return local


def _bow(rng: np.random.Generator, local: Pose) -> Pose:
    """Bent forward at the hips, from a lean to touching the toes."""
    down = rng.uniform(25, 100)
    _upright(rng, local, down * 0.6)
    bend_trunk(rng, local, down * 0.5)
    for side in "lr":
        leg(local, side, down * 0.6 + rng.normal(0, 6), rng.uniform(0, 15), rng.uniform(0, 35), 3)
    feet(rng, local, 0)
    _maybe_arms(rng, local, (0.2, 0.6, 1.2))
    return local


POSES: tuple[Callable[[np.random.Generator, Pose], Pose], ...] = (
    _sit,
    _kneel,
    _squat,
    _lunge,
    _floor,
    _hang,
    _bow,
)
POSE_SHARES = (0.24, 0.12, 0.16, 0.14, 0.16, 0.09, 0.09)
