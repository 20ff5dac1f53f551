"""Poses: motion capture frames, widened by mixing, mirroring, noise, tilt and random poses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge3dpose import rotations
from edge3dpose.rotations import about, multiply
from edge3dpose.training.synthesis import rig
from edge3dpose.training.synthesis.assets import Clip
from edge3dpose.training.synthesis.limbs import ARMS, TRUNK, Pose, arm
from edge3dpose.training.synthesis.random_poses import POSE_SHARES, POSES


def draw_segments(
    rng: np.random.Generator, clips: tuple[Clip, ...], widen: bool = True
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
            local = POSES[rng.choice(len(POSES), p=POSE_SHARES)](rng, local)
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


def draw_clip(rng: np.random.Generator, clips: tuple[Clip, ...]) -> Clip:
    """A clip by the clips' shares."""
    share = np.array([clip.share for clip in clips])
    return clips[rng.choice(len(clips), p=share / share.sum())]


def played(clip: Clip, at: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A clip at (T,) moments, counted in its frames; beyond its ends it goes back and forth.

    Returns (T, 22, 4) world turns, and (T, 3) places of the pelvis from that of the first moment,
    metres.
    """
    last = len(clip) - 1
    at = last - np.abs(at % (2 * last) - last) if last else np.zeros(len(at))
    low = np.minimum(at.astype(int), max(last - 1, 0))
    high, share = np.minimum(low + 1, last), at - low
    turns = rotations.mix(
        rotations.unit(clip.quaternions[low].astype(float)),
        rotations.unit(clip.quaternions[high].astype(float)),
        share[:, None, None],
    )
    places = clip.translation_m.astype(float)
    places = places[low] * (1 - share[:, None]) + places[high] * share[:, None]
    return turns, places - places[0]


def _mocap(rng: np.random.Generator, clips: tuple[Clip, ...]) -> Pose:
    """A frame of a clip."""
    clip = draw_clip(rng, clips)
    world = rotations.unit(clip.quaternions[rng.integers(len(clip))].astype(float))
    return to_local(world)


def _mixed(rng: np.random.Generator, local: Pose, clips: tuple[Clip, ...]) -> Pose:
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
            arm(rng, local, side)
    return local


def _tilt(rng: np.random.Generator, degrees: float) -> NDArray:
    """Lean of the whole body to any side."""
    heading = rng.uniform(0, 2 * np.pi)
    return about(np.array([np.cos(heading), 0.0, np.sin(heading)]), degrees)


def _noise(rng: np.random.Generator, local: Pose, degrees: float) -> Pose:
    """Small random turns of every joint but the root."""
    axes = rng.normal(size=(len(local) - 1, 3))
    local[1:] = multiply(local[1:], about(axes, rng.normal(0, degrees, len(axes))))
    return local
