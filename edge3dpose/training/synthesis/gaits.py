"""Captured walks and runs as one cycle that repeats, and movements on one spot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge3dpose import rotations
from edge3dpose.training.synthesis import motion
from edge3dpose.training.synthesis.assets import Clip

STRAIGHT = 0.95  # net distance over the path's length of a clip that goes one way
WALK_M_S, RUN_M_S = (0.9, 1.8), (1.8, 3.6)
ON_SPOT_M, ON_SPOT_M_S = 0.35, 0.25  # farthest from the first frame, and mean speed
CYCLE_S = {"walk": (0.85, 1.5), "run": (0.5, 0.95)}  # of two steps
BLEND = 0.25  # share of a cycle in which its end becomes its beginning
LEAST_S = 5.0  # of a clip that is shown on one spot


@dataclass(frozen=True)
class Gait:
    """A cycle of two steps towards +z. Its last frame is followed by its first."""

    segments: NDArray[np.float64]  # (n + 1, 22, 4) world turns w x y z; the last is the first
    ahead_m: NDArray[np.float64]  # (n + 1,) from 0 to the length of the cycle
    speed_m_s: float

    def at(self, ahead_m: NDArray) -> NDArray[np.float64]:
        """(T,) distances that were gone -> (T, 22, 4) turns."""
        along = np.interp(ahead_m % self.ahead_m[-1], self.ahead_m, np.arange(len(self.ahead_m)))
        low = np.minimum(along.astype(int), len(self.ahead_m) - 2)
        share = (along - low)[:, None, None]
        return rotations.mix(self.segments[low], self.segments[low + 1], share)


def walks(clips: tuple[Clip, ...]) -> tuple[Clip, ...]:
    """The clips of someone who walks straight on."""
    return tuple(clip for clip in clips if _goes(clip, WALK_M_S))


def runs(clips: tuple[Clip, ...]) -> tuple[Clip, ...]:
    """The clips of someone who runs straight on."""
    return tuple(clip for clip in clips if _goes(clip, RUN_M_S))


def on_spot(clips: tuple[Clip, ...]) -> tuple[Clip, ...]:
    """The clips of someone who stays where he is, with a foot on the ground."""
    return tuple(clip for clip in clips if _stays(clip))


def gait(clip: Clip, pace: str = "walk") -> Gait:
    """The best cycle of a clip: where the pose comes back with the least difference."""
    turns = rotations.unit(clip.quaternions.astype(float))
    shifts = clip.translation_m[:, [0, 2]].astype(float)
    ahead = shifts[-1] - shifts[0]
    heading = np.degrees(np.arctan2(ahead[0], ahead[1]))
    turns = rotations.multiply(rotations.about(np.array([0.0, 1.0, 0.0]), -heading), turns)
    begin, end = _cycle(turns, clip.fps, pace)
    segments = turns[begin : end + 1].copy()
    blend = min(begin, max(1, int(BLEND * (end - begin))))
    for back in range(blend + 1):  # frames before the end
        share = 1 - back / (blend + 1)
        before = turns[begin - back]
        segments[end - begin - back] = rotations.mix(segments[end - begin - back], before, share)
    gone = (shifts[begin : end + 1] - shifts[begin]) @ (ahead / np.linalg.norm(ahead))
    gone = np.maximum.accumulate(gone) + np.arange(len(gone)) * 1e-6
    return Gait(segments, gone, float(gone[-1] / (end - begin) * clip.fps))


def piece(
    rng: np.random.Generator, clip: Clip, frames: int, fps: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(frames, 22, 4) turns and (frames, 2) shifts x, z in metres; back and forth where short."""
    at = rng.uniform(0, len(clip) - 1)
    steps = np.arange(frames) * rng.uniform(0.8, 1.1) * clip.fps / fps
    turns, places = motion.played(clip, at + steps)
    return turns, places[:, [0, 2]]


def _goes(clip: Clip, speeds: tuple[float, float]) -> bool:
    length, net, seconds = _path(clip)
    low, high = speeds
    return bool(seconds > 1 and net > STRAIGHT * length and low <= net / seconds < high)


def _stays(clip: Clip) -> bool:
    length, _, seconds = _path(clip)
    shifts = clip.translation_m
    away = np.abs(shifts[:, [0, 2]] - shifts[0, [0, 2]]).max()
    high = shifts[:, 1].max() - np.median(shifts[:, 1])
    return bool(
        seconds > LEAST_S and away < ON_SPOT_M and length < ON_SPOT_M_S * seconds and high < 0.08
    )


def _path(clip: Clip) -> tuple[float, float, float]:
    """Length of the path, distance from its begin to its end, and seconds."""
    steps = np.diff(clip.translation_m[:, [0, 2]].astype(float), axis=0)
    length = float(np.linalg.norm(steps, axis=1).sum())
    return length, float(np.linalg.norm(steps.sum(0))), len(clip) / clip.fps


def _cycle(turns: NDArray, fps: float, pace: str) -> tuple[int, int]:
    """First and last frame of the cycle whose ends are most alike."""
    shortest, longest = (round(seconds * fps) for seconds in CYCLE_S[pace])
    best = (np.inf, 0, min(shortest, len(turns) - 1))
    for begin in range(len(turns)):
        for end in range(begin + shortest, min(begin + longest + 1, len(turns))):
            apart = 1 - np.abs((turns[begin] * turns[end]).sum(-1))
            early = 0.002 if begin < 3 else 0.0  # the blend needs frames before it
            best = min(best, (float(apart.mean()) + early, begin, end))
    return best[1], best[2]
