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


def figures(crowds: Sequence[MatchedCrowd]) -> dict[str, float | None]:
    """The figures of one sequence or of several together; None where one cannot be told.

    idf1                 2 IDTP / (2 IDTP + IDFP + IDFN), Ristani et al. 2016
    mota                 1 - (misses + false + switches) / people, summed over the frames
    switches             a person gets another identity than before
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
        name: sum(one.matched.counts[name] for one in crowds) for name in crowds[0].matched.counts
    }
    frames = sum(len(one.hidden) for one in crowds)
    minutes = sum(len(one.hidden) / one.fps for one in crowds) / 60
    wrong = total["num_misses"] + total["num_false_positives"] + total["num_switches"]
    ghosts = [ghost for one in crowds for ghost in _ghosts(one)]
    waits = np.array([wait for one in crowds for wait in entries_s(one)])
    found = np.concatenate([one.matched.mpjpe_mm.ravel() for one in crowds])
    pa = np.concatenate([one.matched.pa_mpjpe_mm.ravel() for one in crowds])
    people = max(total["num_objects"], 1)
    either = 2 * total["idtp"] + total["idfp"] + total["idfn"]
    return {
        "idf1": 2 * total["idtp"] / either if either else None,
        "mota": 1 - wrong / people,
        "switches": float(total["num_switches"]),
        "identities": float(sum(one.matched.identities for one in crowds)),
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


def by_hidden(crowds: Sequence[MatchedCrowd]) -> tuple[HiddenBin, ...]:
    """Recall and errors of the people by how much of them is hidden."""
    hidden = np.concatenate([one.hidden.ravel() for one in crowds])
    found = np.concatenate([(one.matched.track_id >= 0).ravel() for one in crowds])
    mpjpe, pa = (
        np.concatenate([getattr(one.matched, name).ravel() for one in crowds])
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


def entries_s(crowd: MatchedCrowd) -> list[float]:
    """For each person who comes in, seconds until found; infinity where gone again before.

    Who comes in was gone for half a second. A visit of less than 0.3 s is none.
    """
    waits = []
    for person in range(crowd.hidden.shape[1]):
        track_id = crowd.matched.track_id[:, person]
        for begin, end in _visits(crowd.hidden[:, person], crowd.fps):
            found = np.flatnonzero(track_id[begin:end] >= 0)
            waits.append(float(found[0] / crowd.fps) if len(found) else np.inf)
    return waits


def _visits(hidden: NDArray, fps: float) -> list[tuple[int, int]]:
    """First frame in which enough of a person who came in is seen, and the one of being gone."""
    visits: list[tuple[int, int]] = []
    begin: int | None = None
    gone = 0  # frames since last seen
    for frame, share in enumerate(np.append(hidden, 1.0)):
        if share >= GONE:
            if begin is not None:
                visits.append((begin, frame))
            begin, gone = None, gone + 1
        elif share <= ENTERED:
            if gone >= GONE_S * fps:
                begin = frame
            gone = 0
    return [(begin, end) for begin, end in visits if end - begin > SOON_S * fps]


def _ghosts(crowd: MatchedCrowd) -> list[bool]:
    """For each false skeleton, whether it began on a person who has another one."""
    begun: list[bool] = []
    last: dict[int, int] = {}
    for one in crowd.matched.false:
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
