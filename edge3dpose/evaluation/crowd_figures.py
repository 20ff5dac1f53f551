"""A matched crowd -> its figures: identities, ghosts, how soon people are found, 3D errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from edge3dpose.evaluation.crowd_matching import Matched
from edge3dpose.metrics import Floats
from edge3dpose.reports.crowd_rows import HiddenBin

BINS = (0.0, 0.25, 0.5, 0.75)  # share of a person that is hidden
GONE, ENTERED = 0.95, 0.5  # hidden: a person who was gone has come in with so much left to see
GONE_S = 0.5  # gone for at least so long
SOON_S = 0.3


@dataclass(frozen=True)
class MatchedCrowd:
    """A matched sequence with what of its truth the figures need."""

    matched: Matched
    hidden: NDArray[np.float32]  # (T, P)
    fps: float


def figures(sequences: Sequence[MatchedCrowd]) -> dict[str, float | None]:
    """The figures of one sequence or of several together; None where one cannot be told.

    idf1                 2 IDTP / (2 IDTP + IDFP + IDFN), Ristani et al. 2016
    mota                 1 - (misses + false + switches) / people, summed over the frames
    switches             a person gets another identity than he had
    identities           track ids that were given
    missed               share of the people to be found, over the frames
    false_a_frame        skeletons on a person who has one, or on nobody
    ghosts_a_minute      false skeletons, each counted once while it stays
    duplicates_a_minute  of them on a person who has another one
    entries              people who came in, or came back
    found_s, found_90_s  until those were found: median, and nine of ten; None where never
    found_soon           share of them within 0.3 s
    mpjpe_mm, pa_mpjpe_mm  of the people found
    """
    total = {
        name: sum(one.matched.counts[name] for one in sequences)
        for name in sequences[0].matched.counts
    }
    frames = sum(len(one.hidden) for one in sequences)
    minutes = sum(len(one.hidden) / one.fps for one in sequences) / 60
    wrong = total["num_misses"] + total["num_false_positives"] + total["num_switches"]
    ghosts = [ghost for one in sequences for ghost in _ghosts(one)]
    waits = np.array([wait for one in sequences for wait in entries_s(one)])
    found = np.concatenate([one.matched.mpjpe_mm.ravel() for one in sequences])
    pa = np.concatenate([one.matched.pa_mpjpe_mm.ravel() for one in sequences])
    people = max(total["num_objects"], 1)
    either = 2 * total["idtp"] + total["idfp"] + total["idfn"]
    return {
        "idf1": 2 * total["idtp"] / either if either else None,
        "mota": 1 - wrong / people,
        "switches": float(total["num_switches"]),
        "identities": float(sum(one.matched.identities for one in sequences)),
        "missed": total["num_misses"] / people,
        "false_a_frame": total["num_false_positives"] / frames,
        "ghosts_a_minute": len(ghosts) / minutes,
        "duplicates_a_minute": sum(ghosts) / minutes,
        "entries": float(len(waits)),
        "found_s": _quantile(waits, 0.5),
        "found_90_s": _quantile(waits, 0.9),
        "found_soon": float((waits <= SOON_S + 1e-9).mean()) if len(waits) else None,
        "mpjpe_mm": _mean(found),
        "pa_mpjpe_mm": _mean(pa),
    }


def by_hidden(sequences: Sequence[MatchedCrowd]) -> tuple[HiddenBin, ...]:
    """Recall and errors of the people by how much of them is hidden."""
    hidden = np.concatenate([one.hidden.ravel() for one in sequences])
    found = np.concatenate([(one.matched.track_id >= 0).ravel() for one in sequences])
    mpjpe, pa = (
        np.concatenate([getattr(one.matched, name).ravel() for one in sequences])
        for name in ("mpjpe_mm", "pa_mpjpe_mm")
    )
    rows = []
    for low, high in pairwise(BINS):
        here = (hidden >= low) & (hidden < high)
        rows.append(
            HiddenBin(
                lowest=low,
                highest=high,
                people=int(here.sum()),
                found=round(float(found[here].mean()), 4) if here.any() else None,
                mpjpe_mm=_mean(mpjpe[here]),
                pa_mpjpe_mm=_mean(pa[here]),
            )
        )
    return tuple(rows)


def entries_s(sequence: MatchedCrowd) -> list[float]:
    """For each person who comes in, seconds until found; infinity where gone again before."""
    return [
        wait
        for person in range(sequence.hidden.shape[1])
        for wait in _entries_of(
            sequence.hidden[:, person], sequence.matched.track_id[:, person], sequence.fps
        )
    ]


def _entries_of(hidden: NDArray, track_id: NDArray, fps: float) -> list[float]:
    waits: list[float] = []
    since: int | None = None  # frame at which the person came in and is waiting
    gone = 0
    for frame, share in enumerate(hidden):
        was_gone = gone >= GONE_S * fps
        if share >= GONE:
            gone += 1
            if since is not None:
                waits.append(np.inf)
                since = None
            continue
        if share <= ENTERED and was_gone:
            since = frame
        if share <= ENTERED:
            gone = 0
        if since is not None and track_id[frame] >= 0:
            waits.append((frame - since) / fps)
            since = None
    if since is not None and len(hidden) - since > SOON_S * fps:
        waits.append(np.inf)
    return waits


def _ghosts(sequence: MatchedCrowd) -> list[bool]:
    """For each false skeleton, whether it began on a person who has another one."""
    begun: list[bool] = []
    last: dict[int, int] = {}
    for one in sequence.matched.false:
        if one.frame - last.get(one.track_id, -10) > 1:
            begun.append(one.duplicate)
        last[one.track_id] = one.frame
    return begun


def _quantile(values: Floats, share: float) -> float | None:
    """The value that so many do not exceed; None where it is infinite or there is none."""
    if not len(values):
        return None
    value = float(np.sort(values)[min(int(np.ceil(share * len(values))) - 1, len(values) - 1)])
    return value if np.isfinite(value) else None


def _mean(values: Floats) -> float | None:
    known = values[np.isfinite(values)]
    return round(float(known.mean()), 2) if len(known) else None
