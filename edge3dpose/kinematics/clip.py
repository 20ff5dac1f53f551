"""A person's recording as other programs want it: even times, gaps, a floor, a skeleton."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge3dpose.counting import counted
from edge3dpose.errors import BadInput
from edge3dpose.kinematics.cleaning import Cleaning
from edge3dpose.kinematics.floor import Floor
from edge3dpose.kinematics.planting import planted
from edge3dpose.kinematics.posed import PosedSkeleton, Poser
from edge3dpose.kinematics.rig import Rig, rig_of_joints
from edge3dpose.skeletons import H36M17
from edge3dpose.tracks import ASSUMED_FPS, Track

LONGEST_STEP = 1.5  # frames: moments farther apart have a gap between them
FLOOR_S = 1.2  # of motion: the lowest foot in it stands
MOST_FRAMES = 5_000_000
RATES_HZ = (0.01, 1000.0)

_ANKLES = [H36M17.index("left_ankle"), H36M17.index("right_ankle")]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MotionClip:
    """One person in F evenly spaced moments.

    time_s     (F,) of the run: the first is when the person was seen first
    joints_mm  (F, 17, 3) from the origin, camera axes (OpenCV: y down); NaN in gaps
    score      (F, 17) NaN in gaps
    rig        the person's skeleton at rest
    floor      None: the origin is the camera, nothing is levelled. Else y = 0 is the floor.
    placed     whether the distance from the camera is known; else the pelvis has x = z = 0
    done       what was done to the joints, in words
    """

    track_id: int | None
    rate_hz: float
    time_s: Floats
    joints_mm: Floats
    score: Floats
    rig: Rig
    floor: Floor | None = None
    placed: bool = True
    done: str = ""

    @property
    def name(self) -> str:
        """Such as "person 3"."""
        return "person" if self.track_id is None else f"person {self.track_id}"

    @property
    def known(self) -> NDArray[np.bool_]:
        """(F,) where the person was seen."""
        return np.asarray(np.isfinite(self.joints_mm[:, :, 0]).all(-1))

    @property
    def text(self) -> str:
        """The clip in a line."""
        gaps = int((~self.known).sum())
        parts = [f"{self.name}, {counted(len(self.time_s), 'frame')} at {self.rate_hz:g} Hz"]
        parts += [f"{gaps} of them in gaps"] if gaps else []
        parts += [self.done] if self.done else []
        parts += [self.floor.text] if self.floor else []
        return ", ".join(parts)

    def posed(self) -> tuple[NDArray[np.int64], PosedSkeleton]:
        """The frames that are known, (K,), and the skeleton in them."""
        frames = np.flatnonzero(self.known)
        joints = self.joints_mm[frames]
        root = joints[:, H36M17.root]
        posed = Poser().pose(self.rig, self.time_s[frames], joints - root[:, None], root)
        return frames, posed


@dataclass(frozen=True)
class ClipOptions:
    """How a recording becomes a clip.

    floor      None leaves the camera's axes; see floor.floor_of
    height_mm  body height where it is known: joints and places are scaled to it
    """

    cleaning: Cleaning = field(default_factory=Cleaning)
    floor: Floor | None = None
    height_mm: float | None = None


def clip_of(track: Track, options: ClipOptions | None = None) -> MotionClip:
    """A person's recording at even times. Raises BadInput for times that cannot be evened."""
    options = options or ClipOptions()
    rig = rig_of_joints(track.time_s, track.joints_mm, track.score, options.height_mm)
    scale = 1.0
    if options.height_mm is not None:
        seen = rig_of_joints(track.time_s, track.joints_mm, track.score)
        scale = options.height_mm / seen.height_mm
    placed = bool(np.isfinite(track.root_mm).all(-1).mean() > 0.5)
    joints = scale * track.joints_mm.astype(float)
    if placed:
        joints = joints + scale * track.root_mm[:, None].astype(float)
    rows = np.concatenate([joints.reshape(len(joints), -1), track.score.astype(float)], -1)
    rate_hz = rate_of(track.time_s)
    time_s, rows = evened(track.time_s, rows, rate_hz)
    joints = options.cleaning.apply(rows[:, :51], rate_hz).reshape(-1, 17, 3)
    if options.floor is not None:
        joints = _on_the_floor(joints, options.floor, rig, rate_hz, placed=placed)
    done = options.cleaning.text
    return MotionClip(
        track.track_id, rate_hz, time_s, joints, rows[:, 51:], rig, options.floor, placed, done
    )


def _on_the_floor(
    joints: Floats, floor: Floor, rig: Rig, rate_hz: float, *, placed: bool
) -> Floats:
    """Level joints with y = 0 at the floor, where the feet stand.

    The distance from the camera is an estimate that wanders, and the feet with it: the lowest foot
    of about a second is the floor. Who is at no known place stands all the time.
    """
    level = joints @ floor.turn.T
    lowest = level[:, _ANKLES, 1].max(-1) + rig.ankle_mm
    lowest = on_the_floor(lowest, rate_hz, placed=placed)
    level = level - lowest[:, None, None] * [0.0, 1.0, 0.0]
    return planted(level, rig.ankle_mm, rate_hz) if placed else level


def on_the_floor(lowest_mm: NDArray, rate_hz: float, *, placed: bool) -> Floats:
    """(F,) what to take off heights, by those of the lowest foot (y down).

    placed  whether the distance from the camera is known: else somebody stands all the time
    """
    return _trend(lowest_mm, rate_hz) if placed else lowest_mm


def _trend(values: Floats, rate_hz: float) -> Floats:
    """(F,) the largest within half a window before and after, smooth; NaN is left out."""
    half = max(round(FLOOR_S * rate_hz / 2), 1)
    padded = np.pad(np.where(np.isfinite(values), values, -np.inf), half, constant_values=-np.inf)
    largest = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1).max(-1)
    known = np.isfinite(largest)
    largest = np.interp(np.arange(len(values)), np.flatnonzero(known), largest[known])
    window = np.hanning(2 * half + 3)[1:-1]
    padded = np.pad(largest, half, "edge")
    return np.convolve(padded, window / window.sum(), "valid")


def rate_of(time_s: NDArray) -> float:
    """Frames a second of moments (F,): by the median step, a whole number where that is near."""
    steps = np.diff(time_s)
    steps = steps[steps > 0]
    if not len(steps):
        return ASSUMED_FPS
    rate = 1 / float(np.median(steps))
    near = float(1 / np.mean(steps[steps < LONGEST_STEP / rate])) if len(steps) > 1 else rate
    rate = float(np.round(near)) if abs(near - np.round(near)) < 0.02 * near and near > 5 else near
    return float(np.clip(np.round(rate, 4), *RATES_HZ))


def evened(time_s: NDArray, rows: NDArray, rate_hz: float) -> tuple[Floats, Floats]:
    """Rows (F, C) at moments (F,) -> at even times; NaN where the moments are far apart."""
    later = np.diff(time_s, prepend=-np.inf) > 0
    time_s, rows = np.asarray(time_s, float)[later], np.asarray(rows, float)[later]
    count = round((time_s[-1] - time_s[0]) * rate_hz) + 1
    if count > MOST_FRAMES:
        raise BadInput(f"{count} frames at {rate_hz:g} Hz are too many for one file")
    even = time_s[0] + np.arange(count) / rate_hz
    after = np.clip(np.searchsorted(time_s, even), 1, max(len(time_s) - 1, 1))
    if len(time_s) == 1:
        return even, rows
    before = after - 1
    step, since = time_s[after] - time_s[before], even - time_s[before]
    share = np.clip(since / step, 0, 1)
    far = step > LONGEST_STEP / rate_hz
    share = np.where(far, np.round(share), share)[:, None]  # nothing is made up inside a gap
    out = rows[before] * (1 - share) + rows[after] * share
    out[far & (np.minimum(np.abs(since), np.abs(step - since)) > 0.5 / rate_hz + 1e-9)] = np.nan
    return even, out
