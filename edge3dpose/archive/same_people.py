"""Who is who in two sections of a clip: by the frames that both have."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from edge3dpose.runtime.tracking.assignment import assigned
from edge3dpose.runtime.tracking.similarity import extents, iou, oks, shapes
from edge3dpose.types import Pose3D

LEAST = 0.5  # mean similarity over the frames in which both are seen

Overlap = Mapping[float, Sequence[Pose3D]]  # time of a frame -> the people in it


def same_people(before: Overlap, after: Overlap) -> dict[int, int]:
    """Track ids of the later section -> those of the earlier one, of those who are in both.

    The greatest sum of similarities (OKS, or that of boxes where it is more) over all frames.
    """
    total: dict[tuple[int, int], float] = defaultdict(float)
    together: Counter[tuple[int, int]] = Counter()
    for time_s in before.keys() & after.keys():
        ours, theirs = _known(before[time_s]), _known(after[time_s])
        if not ours or not theirs:
            continue
        a, b = shapes(theirs), shapes(ours)
        alike = np.maximum(oks(a, b), iou(extents(a), extents(b)))
        for n, m in np.ndindex(alike.shape):
            pair = (_id(theirs[n]), _id(ours[m]))
            total[pair] += float(alike[n, m])
            together[pair] += 1
    rows = sorted({new for new, _ in total})
    columns = sorted({old for _, old in total})
    gain = np.zeros((len(rows), len(columns)))
    for (new, old), one in total.items():
        if one >= LEAST * together[new, old]:
            gain[rows.index(new), columns.index(old)] = one
    return {rows[n]: columns[m] for n, m in assigned(gain, 1e-6)}


def _known(people: Sequence[Pose3D]) -> list[Pose3D]:
    return [one for one in people if one.track_id is not None and one.box is not None]


def _id(person: Pose3D) -> int:
    assert person.track_id is not None
    return person.track_id
