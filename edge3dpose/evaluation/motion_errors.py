"""One system's motion beside the truth of a recording -> its figures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge3dpose.evaluation import motion_metrics as metrics
from edge3dpose.evaluation.recordings import Motion, Recording
from edge3dpose.metrics import Floats

SEARCH_S = 0.3  # constant offsets between the two clocks that are tried, to either side
_STEPS_S = (0.01, 0.002)  # of the search, coarse then fine
_FEWEST = 0.5  # of the frames that the truth can cover: an offset must leave so many
FIRST_S = 1.0  # of a clip, reported apart


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What one system says of a recording.

    motion    at the video's frames, NaN where it has nobody
    axes      "camera": the joints are in the camera's axes; "own": in any that stand still
    absolute  the joints are where they are, not only relative to the hips
    std_mm    (F, J, 3) standard deviations that it gives, from the root joint; None without
    """

    motion: Motion
    axes: str = "camera"
    absolute: bool = False
    std_mm: Floats | None = None


def best_offset_s(found: Motion, truth: Motion) -> float:
    """The offset at which the true pose of ``t + offset`` is most like the found one of ``t``."""
    coarse, fine = _STEPS_S
    count = round(SEARCH_S / coarse)
    tried = np.linspace(-SEARCH_S, SEARCH_S, 2 * count + 1)
    best = _best_of(tried, found, truth)
    near = best + np.linspace(-coarse, coarse, 2 * round(coarse / fine) + 1)
    return _best_of(near[np.abs(near) <= SEARCH_S + 1e-9], found, truth)


def figures(found: Found, recording: Recording, offset_s: float) -> dict[str, float]:
    """The figures of a system at an offset; NaN where one cannot be told."""
    names, time_s = recording.names, found.motion.time_s
    true = metrics.sampled(recording.truth.joints_mm, recording.truth.time_s, time_s + offset_s)
    covered = metrics.known_frames(true)
    theirs = np.where(covered[:, None, None], found.motion.joints_mm, np.nan)
    pa = metrics.pa_errors(theirs, true)
    true_relative = metrics.from_hips(true, names)
    turned = metrics.turned_once(metrics.from_hips(theirs, names), true_relative)
    speeds = [metrics.velocities(joints, time_s) for joints in (turned, true_relative)]
    missed = covered & ~metrics.known_frames(theirs)
    return {
        "pa_mpjpe_mm": metrics.mean(pa),
        "pa_mpjpe_first_second_mm": metrics.mean(pa[time_s < time_s[0] + FIRST_S]),
        "one_rotation_mm": metrics.mean(metrics.distances(turned, true_relative)),
        **_in_camera(found, recording, (theirs, true)),
        "velocity_error_mm_s": metrics.mean(metrics.distances(*speeds)),
        **_sureness(found, true, names),
        **own_figures(Motion(time_s, theirs), names),
        **{
            f"{angle}_error_deg": _median(
                metrics.angles_deg(theirs, names, angle) - metrics.angles_deg(true, names, angle)
            )
            for angle in metrics.ANGLES
        },
        "missed": float(missed.sum() / covered.sum()) if covered.any() else float("nan"),
    }


def deviations(found: Found, true: Floats, names: tuple[str, ...]) -> Floats:
    """Errors over the deviations that the system gives, (F, J, 3); NaN where one is unknown.

    Along the found motion's own axes, onto which one rotation turns the true motion (F, J, 3). The
    hips are left out: their middle is the origin.
    """
    relative = metrics.from_hips(found.motion.joints_mm, names)
    if found.std_mm is None:
        return np.full_like(relative, np.nan)
    turned = metrics.turned_once(metrics.from_hips(true, names), relative)
    shares = np.abs(relative - turned) / found.std_mm
    shares[:, [names.index("left_hip"), names.index("right_hip")]] = np.nan
    return shares


def _sureness(found: Found, true: Floats, names: tuple[str, ...]) -> dict[str, float]:
    """Share of the errors within one and two of the deviations that the system gives."""
    shares = deviations(found, true, names)
    known = shares[np.isfinite(shares)]
    if not known.size:
        return {}
    return {f"within_{count}_std": float((known < count).mean()) for count in (1, 2)}


def own_figures(motion: Motion, names: tuple[str, ...]) -> dict[str, float]:
    """What a motion shows without any truth: how its bones vary, and its mean acceleration."""
    relative = metrics.from_hips(motion.joints_mm, names)
    size = np.linalg.norm(metrics.accelerations(relative, motion.time_s), axis=-1)
    return {
        "bone_wobble": metrics.bone_wobble(motion.joints_mm, names),
        "acceleration_m_s2": metrics.mean(size / 1000),
    }


def at_frames(motion: Motion, time_s: Floats, offset_s: float = 0.0) -> Motion:
    """A motion of other moments at the video's frames: at t + offset_s for the frame of t."""
    moved = metrics.sampled(motion.joints_mm, motion.time_s, time_s + offset_s)
    return Motion(time_s, moved)


def _in_camera(
    found: Found, recording: Recording, joints: tuple[Floats, Floats]
) -> dict[str, float]:
    """Errors without any alignment but the hips', where the camera is calibrated."""
    if recording.camera is None or found.axes != "camera":
        return {}
    theirs, true = joints
    relative, true_relative = (metrics.from_hips(one, recording.names) for one in joints)
    errors = {"mpjpe_mm": metrics.mean(metrics.distances(relative, true_relative))}
    if not found.absolute:
        return errors
    depth_mm, true_mm = (metrics.hips(one, recording.names)[:, 2] for one in (theirs, true))
    off_mm = np.abs(depth_mm - true_mm)
    return errors | {
        "root_depth_error_mm": _median(off_mm),
        "root_depth_error": _median(off_mm / true_mm),
    }


def _best_of(offsets: Floats, found: Motion, truth: Motion) -> float:
    errors, scored = [], []
    for offset in offsets:
        true = metrics.sampled(truth.joints_mm, truth.time_s, found.time_s + offset)
        pa = metrics.pa_errors(found.joints_mm, true)
        errors.append(metrics.mean(pa))
        scored.append(int(np.isfinite(pa).any(axis=1).sum()))
    enough = np.array(scored) >= max(_FEWEST * max(scored), 1)
    usable = np.where(enough, errors, np.inf)
    least = usable.min()
    if not np.isfinite(least):  # nobody was found: nothing to match
        return 0.0
    equal = offsets[usable <= least + 1e-9]
    return round(float(equal[np.abs(equal).argmin()]), 4)


def _median(values: Floats) -> float:
    known = np.abs(values[np.isfinite(values)])
    return float(np.median(known)) if known.size else float("nan")
