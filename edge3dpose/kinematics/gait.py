"""Gait of a person who walks: steps, cadence, speed, step length, stance, symmetry.

A foot touches the ground about when its ankle is farthest before the pelvis, and leaves it about
when it is farthest behind (Zeni et al. 2008). Lengths are between the ankles at contact, so that
the person's distance from the camera, which is an estimate, does not matter.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge3dpose.errors import BadInput
from edge3dpose.kinematics.angles import SIDES
from edge3dpose.kinematics.cleaning import runs
from edge3dpose.kinematics.clip import MotionClip
from edge3dpose.skeletons import H36M17

SMOOTH_S = 0.15  # Hann window over the ankles
LEAST_SWING_MM = 120.0  # of an ankle forth and back against the pelvis: a step
LEAST_SHARE = 0.4  # of the usual step: shorter ones are cut off by the edge of the recording
LEAST_STEPS = 3
LONGEST_STEP_S = 1.5  # more is standing between two walks

Floats = NDArray[np.float64]


class Contact(NamedTuple):
    """A foot touches the ground."""

    time_s: float
    side: str
    step_mm: float  # how far it is before the other foot


@dataclass(frozen=True, eq=False)
class Gait:
    """What a walk shows; NaN for what it is too short for.

    contacts     in the order of time
    cadence      steps a minute
    step_mm      mean length of a step by the side that goes forward
    step_s       mean time of a step by the side that lands
    stance       share of a stride on the ground, by side
    speed_m_s    step length by cadence
    """

    contacts: tuple[Contact, ...]
    cadence: float
    step_mm: dict[str, float]
    step_s: dict[str, float]
    stance: dict[str, float]
    speed_m_s: float

    @property
    def steps(self) -> int:
        """From a contact to the next of the other foot."""
        return max(len(self.contacts) - 1, 0)

    def asymmetry(self, of: dict[str, float]) -> float:
        """Difference of left and right as a share of their mean: 0 where they are equal."""
        left, right = (of[side] for side in SIDES)
        return abs(left - right) / ((left + right) / 2) if left + right else np.nan


def gait_of(clip: MotionClip) -> Gait:
    """The gait of a clip. BadInput where there are fewer than three steps."""
    joints = clip.joints_mm
    place = {name: joints[:, H36M17.index(name)] for name in H36M17.joints}
    hips = place["left_hip"] - place["right_hip"]
    up = np.array([0.0, -1.0, 0.0])
    forward = np.cross(hips, np.broadcast_to(up, hips.shape))
    forward /= np.maximum(np.linalg.norm(forward, axis=-1, keepdims=True), 1e-9)
    ahead = {}
    for side in SIDES:
        ankle = place[f"{side}_ankle"] - place["pelvis"]
        ahead[side] = _smooth((ankle * forward).sum(-1), clip.rate_hz)
    contacts: list[Contact] = []
    lifts: dict[str, list[float]] = {}
    for side, other in (SIDES, SIDES[::-1]):
        for frame in _peaks(ahead[side], clip.rate_hz):
            step_mm = float(ahead[side][frame] - ahead[other][frame])
            if step_mm > 0:
                contacts.append(Contact(float(clip.time_s[frame]), side, step_mm))
        lifts[side] = [float(clip.time_s[n]) for n in _peaks(-ahead[side], clip.rate_hz)]
    usual_mm = float(np.median([contact.step_mm for contact in contacts] or [0.0]))
    whole = [contact for contact in contacts if contact.step_mm > LEAST_SHARE * usual_mm]
    contacts = _alternating(sorted(whole))
    if len(contacts) <= LEAST_STEPS:
        raise BadInput(
            f"steps of {clip.name}: {max(len(contacts) - 1, 0)}; wanted {LEAST_STEPS} or more of "
            "somebody who walks"
        )
    return _gait(contacts, lifts)


def _gait(contacts: list[Contact], lifts: dict[str, list[float]]) -> Gait:
    steps = [
        (one, after)
        for one, after in itertools.pairwise(contacts)
        if after.time_s - one.time_s < LONGEST_STEP_S
    ]
    step_mm, step_s, stance = {}, {}, {}
    for side in SIDES:
        of = [after for _, after in steps if after.side == side]
        step_mm[side] = _mean([one.step_mm for one in of])
        step_s[side] = _mean([b.time_s - a.time_s for a, b in steps if b.side == side])
        stance[side] = _stance([c.time_s for c in contacts if c.side == side], lifts[side])
    mean_s = _mean([b.time_s - a.time_s for a, b in steps])
    length = _mean([after.step_mm for _, after in steps])
    return Gait(
        *(tuple(contacts), 60 / mean_s, step_mm, step_s, stance),
        speed_m_s=length / 1000 / mean_s,
    )


def _stance(contacts_s: list[float], lifts_s: list[float]) -> float:
    """Mean share of a stride from contact to lift."""
    shares = []
    for start, end in itertools.pairwise(contacts_s):
        between = [lift for lift in lifts_s if start < lift < end]
        if between and end - start < 2 * LONGEST_STEP_S:
            shares.append((between[0] - start) / (end - start))
    return _mean(shares)


def _alternating(contacts: list[Contact]) -> list[Contact]:
    """Left and right in turn: of two of one side, the longer step."""
    kept: list[Contact] = []
    for contact in contacts:
        if kept and kept[-1].side == contact.side:
            if contact.time_s - kept[-1].time_s < 0.4 and contact.step_mm > kept[-1].step_mm:
                kept[-1] = contact
                continue
            if contact.time_s - kept[-1].time_s < 0.4:
                continue
        kept.append(contact)
    return kept


def _peaks(values: Floats, rate_hz: float) -> list[int]:
    """Frames of maxima that rise by LEAST_SWING_MM from what is before and after them.

    The first and the last stretch count by their one side.
    """
    found = []
    for start, end in runs(np.isfinite(values)):
        high, low, rising = start, start, True
        for n in range(start, end):
            if rising:
                if values[n] > values[high]:
                    high = n
                elif values[n] < values[high] - LEAST_SWING_MM:
                    if high > start:
                        found.append(high)
                    rising, low = False, n
            elif values[n] < values[low]:
                low = n
            elif values[n] > values[low] + LEAST_SWING_MM:
                rising, high = True, n
    least = round(0.3 * rate_hz)
    return [n for k, n in enumerate(found) if k == 0 or n - found[k - 1] >= least]


def _smooth(values: Floats, rate_hz: float) -> Floats:
    half = max(round(SMOOTH_S * rate_hz / 2), 0)
    window = np.hanning(2 * half + 3)[1:-1]
    out = np.array(values, float)
    for start, end in runs(np.isfinite(values)):
        part = np.pad(values[start:end], half, "edge")
        out[start:end] = np.convolve(part, window / window.sum(), "valid")
    return out


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")
