"""Poses: mocap frames, widened by mixing, mirroring, noise, tilt and made-up poses."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from edge3dpose.training.synthesis import rig, rotations
from edge3dpose.training.synthesis.rotations import about, multiply

Pose = NDArray[np.float64]  # (22, 4) rotations w x y z, of each segment against its parent

SEG = {name: i for i, name in enumerate(rig.SEGMENTS)}
X, Y, Z = np.eye(3)
ARMS = {s: [SEG[s + part] for part in ("clav", "uarm", "farm", "hand")] for s in "lr"}
TRUNK = [SEG[name] for name in ("lowerback", "upperback", "thorax", "neck", "head")]


def draw_segments(
    rng: np.random.Generator, clips: tuple[NDArray, ...], widen: bool = True
) -> NDArray[np.float64]:
    """(22, 4) world quaternions of one pose, y up; ``widen=False`` gives plain mocap frames."""
    local = _mocap(rng, clips)
    if widen:
        kind = rng.random()
        if kind < 0.30:
            local = _mixed(rng, local, clips)
        elif kind < 0.42:
            local = _free_arms(rng, local)
        elif kind < 0.72:
            local = MADE_UP[rng.choice(len(MADE_UP), p=MADE_UP_SHARES)](rng, local)
        local = _noise(rng, local, rng.choice([2.0, 5.0, 9.0]))
        if rng.random() < 0.12:
            local[0] = multiply(_tilt(rng, rng.normal(0, 35)), local[0])
    if rng.random() < 0.5:
        local = mirrored(local)
    return to_world(local)


def to_local(world: NDArray) -> Pose:
    """World rotations -> rotations against the parent segment."""
    local = world.copy()
    parents = np.array(rig.SEGMENT_PARENTS[1:])
    local[1:] = multiply(rotations.inverse(world[parents]), world[1:])
    return local


def to_world(local: Pose) -> NDArray[np.float64]:
    """Rotations against the parent segment -> world rotations."""
    world = local.copy()
    for i, parent in enumerate(rig.SEGMENT_PARENTS):
        if parent >= 0:
            world[i] = multiply(world[parent], local[i])
    return rotations.unit(world)


def mirrored(pose: NDArray) -> NDArray[np.float64]:
    """Left and right exchanged: a reflection in the plane x = 0. For local and world alike."""
    return pose[list(rig.SEGMENT_MIRROR)] * np.array([1.0, 1.0, -1.0, -1.0])


def _mocap(rng: np.random.Generator, clips: tuple[NDArray, ...]) -> Pose:
    """Clips by the root of their length, so that one long walk does not fill everything."""
    share = np.sqrt([len(clip) for clip in clips])
    clip = clips[rng.choice(len(clips), p=share / share.sum())]
    world = rotations.unit(clip[rng.integers(len(clip))].astype(float))
    return to_local(world)


def _mixed(rng: np.random.Generator, local: Pose, clips: tuple[NDArray, ...]) -> Pose:
    """Trunk and arms, or single arms, from other frames and from mirrored ones."""
    other = _mocap(rng, clips)
    if rng.random() < 0.5:
        other = mirrored(other)
    if rng.random() < 0.6:
        upper = [*TRUNK, *ARMS["l"], *ARMS["r"]]
        local[upper] = other[upper]
    if rng.random() < 0.6:
        third, side = mirrored(_mocap(rng, clips)), ARMS["l" if rng.random() < 0.5 else "r"]
        local[side] = third[side]
    return local


def _free_arms(rng: np.random.Generator, local: Pose) -> Pose:
    for side in "lr":
        if rng.random() < 0.85:
            _arm(rng, local, side)
    return local


def _arm(
    rng: np.random.Generator,
    local: Pose,
    side: str,
    towards: tuple[float, float, float] = (0, 0, 0),
) -> None:
    """An arm anywhere a shoulder reaches; ``towards`` pulls it (outwards, up, forward)."""
    out = 1.0 if side == "l" else -1.0
    while True:
        aim = rng.normal(size=3) + np.array(towards, float)
        aim /= np.linalg.norm(aim)
        behind, across = aim[2] < -0.45, aim[0] < -0.35
        if not behind and not (across and aim[2] < 0.5):
            break
    aim[0] *= out
    raise_ = max(0.0, float(aim[1])) * rng.uniform(0, 30)
    twist = about(X, rng.normal(0, 40))
    bend = min(150.0, abs(rng.normal(0, 65)))
    local[SEG[side + "clav"]] = about(Z, out * raise_)
    local[SEG[side + "uarm"]] = multiply(rotations.between(X * out, aim), twist)
    local[SEG[side + "farm"]] = multiply(about(Y, -out * bend), about(X, rng.normal(0, 30)))
    local[SEG[side + "hand"]] = multiply(about(Z, rng.normal(0, 25)), about(Y, rng.normal(0, 15)))


def _leg(local: Pose, side: str, flex: float, spread: float, knee: float, turn: float) -> None:
    """Degrees: hip flexion forward, spread outwards, knee bend, thigh turned outwards."""
    out = 1.0 if side == "l" else -1.0
    swing = multiply(about(Z, out * spread), about(X, -flex))
    local[SEG[side + "thigh"]] = multiply(swing, about(Y, out * turn))
    local[SEG[side + "shin"]] = about(X, np.clip(knee, 0, 155))


def _feet(rng: np.random.Generator, local: Pose, mean: float) -> None:
    """Ankles: degrees the toes point down."""
    for side in "lr":
        local[SEG[side + "foot"]] = about(X, rng.normal(mean, 12))
        local[SEG[side + "toe"]] = rotations.IDENTITY


def _bend_trunk(rng: np.random.Generator, local: Pose, forward: float) -> None:
    """Spread over three segments of the back, with some side bend and turn."""
    side, turn = rng.normal(0, 12), rng.normal(0, 18)
    third = multiply(about(X, forward / 3), multiply(about(Z, side / 3), about(Y, turn / 3)))
    for part in ("lowerback", "upperback", "thorax"):
        local[SEG[part]] = third
    for part in ("neck", "head"):
        nod = about(X, rng.normal(-forward / 6, 12))
        local[SEG[part]] = multiply(nod, about(Y, rng.normal(0, 18)))


def _tilt(rng: np.random.Generator, degrees: float) -> NDArray:
    """Lean of the whole body to any side."""
    heading = rng.uniform(0, 2 * np.pi)
    return about(np.array([np.cos(heading), 0.0, np.sin(heading)]), degrees)


def _upright(rng: np.random.Generator, local: Pose, lean: float) -> None:
    local[0] = multiply(about(X, lean), about(Z, rng.normal(0, 5)))


def _maybe_arms(rng: np.random.Generator, local: Pose, towards: tuple[float, float, float]) -> None:
    for side in "lr":
        if rng.random() < 0.75:
            _arm(rng, local, side, towards)


def _sit(rng: np.random.Generator, local: Pose) -> Pose:
    """On a chair, a box or the floor; legs bent, stretched or crossed."""
    lean = rng.normal(-5, 12)
    _upright(rng, local, lean)
    _bend_trunk(rng, local, rng.normal(10, 18))
    low = rng.random() < 0.35
    for side in "lr":
        flex = rng.normal(95 if low else 85, 14) + lean
        knee = rng.uniform(0, 140) if low else rng.normal(85, 22)
        turn = rng.uniform(0, 55) if low else rng.normal(8, 12)
        _leg(local, side, flex, abs(rng.normal(8, 12)), knee, turn)
    _feet(rng, local, 5)
    _maybe_arms(rng, local, (0.3, -0.9, 1.0))
    return local


def _kneel(rng: np.random.Generator, local: Pose) -> Pose:
    """On one knee or both, upright or sitting back on the heels."""
    _upright(rng, local, rng.normal(0, 10))
    _bend_trunk(rng, local, rng.normal(8, 20))
    back = rng.uniform(0, 70)
    for side in "lr":
        _leg(local, side, back + rng.normal(0, 6), rng.normal(6, 6), 90 + back * 0.75, 0)
    if rng.random() < 0.5:
        _leg(local, "r", rng.normal(85, 12), rng.normal(8, 8), rng.normal(88, 12), 5)
    _feet(rng, local, 25)
    _maybe_arms(rng, local, (0.2, -0.5, 0.7))
    return local


def _squat(rng: np.random.Generator, local: Pose) -> Pose:
    """From a half bend to the heels, trunk leaning to keep the balance."""
    depth = rng.uniform(0.25, 1.0)
    lean = depth * rng.uniform(10, 50)
    _upright(rng, local, lean)
    _bend_trunk(rng, local, rng.normal(6, 10))
    spread, turn = rng.uniform(2, 25), rng.uniform(0, 35)
    for side in "lr":
        knee = depth * 125 + rng.normal(0, 6)
        _leg(local, side, depth * 85 + lean + rng.normal(0, 5), spread, knee, turn)
    _feet(rng, local, -20 * depth)
    _maybe_arms(rng, local, (0.0, 0.0, 1.0))
    return local


def _lunge(rng: np.random.Generator, local: Pose) -> Pose:
    """One leg forward or to the side, also high kicks and one-legged stands."""
    _upright(rng, local, rng.normal(8, 14))
    _bend_trunk(rng, local, rng.normal(5, 15))
    front = rng.uniform(15, 115)
    _leg(local, "l", front, rng.normal(5, 18), rng.uniform(0, 115), rng.normal(5, 15))
    _leg(local, "r", rng.uniform(-35, 10), abs(rng.normal(6, 12)), rng.uniform(0, 80), 5)
    _feet(rng, local, 10)
    _maybe_arms(rng, local, (0.3, 0.0, 0.4))
    return local


def _floor(rng: np.random.Generator, local: Pose) -> Pose:
    """Lying on back, front or side, planks, push-ups, bridges and crawling."""
    lying = rng.choice([-90.0, 90.0], p=[0.5, 0.5]) + rng.normal(0, 12)
    roll = rng.choice([0.0, 90.0], p=[0.75, 0.25]) * rng.choice([-1, 1]) + rng.normal(0, 12)
    local[0] = multiply(about(X, lying), about(Y, roll))
    crawl = lying > 0 and rng.random() < 0.5
    _bend_trunk(rng, local, rng.normal(0, 14))
    for side in "lr":
        flex = rng.normal(75, 20) if crawl else rng.choice([rng.normal(5, 15), rng.uniform(0, 110)])
        knee = flex * rng.uniform(0.6, 1.3) if flex > 20 else abs(rng.normal(5, 15))
        _leg(local, side, flex, abs(rng.normal(5, 15)), knee, rng.normal(5, 15))
        _arm(rng, local, side, (0.2, 0.2, 1.6) if lying > 0 else (0.6, -0.3, 0.3))
    _feet(rng, local, 20)
    return local


def _hang(rng: np.random.Generator, local: Pose) -> Pose:
    """Arms overhead: hanging, reaching, throwing, jumping."""
    _upright(rng, local, rng.normal(0, 14))
    _bend_trunk(rng, local, rng.normal(-5, 12))
    for side in "lr":
        _leg(local, side, rng.normal(12, 25), rng.normal(6, 10), abs(rng.normal(20, 35)), 5)
        _arm(rng, local, side, (0.5, 2.6, 0.3))
    _feet(rng, local, 25)
    return local


def _bow(rng: np.random.Generator, local: Pose) -> Pose:
    """Bent forward at the hips, from a lean to touching the toes."""
    down = rng.uniform(25, 100)
    _upright(rng, local, down * 0.6)
    _bend_trunk(rng, local, down * 0.5)
    for side in "lr":
        _leg(local, side, down * 0.6 + rng.normal(0, 6), rng.uniform(0, 15), rng.uniform(0, 35), 3)
    _feet(rng, local, 0)
    _maybe_arms(rng, local, (0.2, 0.6, 1.2))
    return local


def _noise(rng: np.random.Generator, local: Pose, degrees: float) -> Pose:
    """Small random turns of every joint but the root."""
    axes = rng.normal(size=(len(local) - 1, 3))
    local[1:] = multiply(local[1:], about(axes, rng.normal(0, degrees, len(axes))))
    return local


MADE_UP: tuple[Callable[[np.random.Generator, Pose], Pose], ...] = (
    _sit,
    _kneel,
    _squat,
    _lunge,
    _floor,
    _hang,
    _bow,
)
MADE_UP_SHARES = (0.24, 0.12, 0.16, 0.14, 0.16, 0.09, 0.09)
