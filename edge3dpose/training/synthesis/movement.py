"""Movement over time: captured clips at any rate, and smooth ways between drawn poses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge3dpose import rotations
from edge3dpose.training.synthesis import motion, rig
from edge3dpose.training.synthesis.assets import Clip

SPEED = (0.6, 1.6)  # of a captured clip
KEYED_SHARE = 0.25  # of the movements: they lead from one drawn pose to another
KEY_S = (0.5, 2.0)  # seconds from one drawn pose to the next
SPAN_M = 8.0  # a person who goes farther turns back: captured dances cross a hall


@dataclass(frozen=True)
class Movement:
    """Poses at a fixed rate. World axes: y up, metres."""

    segments: NDArray[np.float64]  # (frames, 22, 4) world turns w x y z
    root_m: NDArray[np.float64]  # (frames, 3) of the pelvis from where it begins


def draw_movement(
    rng: np.random.Generator, clips: tuple[Clip, ...], frames: int, fps: float
) -> Movement:
    """A movement of so many frames; half of them are mirrored."""
    if rng.random() < KEYED_SHARE:
        moved = _keyed(rng, clips, frames, fps)
    else:
        moved = _captured(rng, motion.draw_clip(rng, clips), frames, fps)
    return _mirrored(moved) if rng.random() < 0.5 else moved


def _captured(rng: np.random.Generator, clip: Clip, frames: int, fps: float) -> Movement:
    """A piece of a clip, which goes back and forth where it is too short."""
    speed = float(np.exp(rng.uniform(*np.log(SPEED))))
    at = rng.uniform(0, len(clip) - 1) + np.arange(frames) * speed * clip.fps / fps
    segments, root = motion.played(clip, at)
    farthest = float(np.abs(root[:, [0, 2]]).max(initial=0.0))
    root[:, [0, 2]] *= min(1.0, SPAN_M / max(farthest, 1e-9))
    return Movement(segments, root)


def _keyed(rng: np.random.Generator, clips: tuple[Clip, ...], frames: int, fps: float) -> Movement:
    """From one drawn pose to the next with a soft start and stop, sometimes with a pause."""
    keys = [motion.to_local(motion.draw_segments(rng, clips))]
    local = np.empty((frames, len(rig.SEGMENTS), 4))
    begin, length = 0.0, _key_frames(rng, fps)
    keys.append(motion.to_local(motion.draw_segments(rng, clips)))
    pause = 0.0
    for frame in range(frames):
        while frame - begin >= length + pause:
            begin += length + pause
            length = _key_frames(rng, fps)
            pause = length * rng.uniform(0, 1) if rng.random() < 0.4 else 0.0
            keys = [keys[-1], motion.to_local(motion.draw_segments(rng, clips))]
        part = min((frame - begin) / length, 1.0)
        local[frame] = rotations.mix(keys[0], keys[1], part * part * (3 - 2 * part))
    segments = np.stack([motion.to_world(pose) for pose in local])
    return Movement(segments, np.zeros((frames, 3)))


def _key_frames(rng: np.random.Generator, fps: float) -> float:
    return float(rng.uniform(*KEY_S)) * fps


def _mirrored(moved: Movement) -> Movement:
    segments = moved.segments[:, list(rig.SEGMENT_MIRROR)] * np.array([1.0, 1.0, -1.0, -1.0])
    return Movement(segments, moved.root_m * np.array([-1.0, 1.0, 1.0]))
