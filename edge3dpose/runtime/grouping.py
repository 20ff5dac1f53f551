"""Maps of a bottom-up network -> joints -> people, in cells of the maps. h, w of a map; K peaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge3dpose.engine_types import MapsRule
from edge3dpose.runtime.tracking.assignment import assigned
from edge3dpose.types import Array

MOST_PEAKS = 64  # of a joint
SAMPLES = 10  # along a limb
ALONG, LEAST_ALONG = 0.05, 0.8  # of a sample that lies along the field; share of them (OpenPose)
_LEAST = 1e-3


@dataclass(frozen=True, slots=True)
class Peaks:
    """Where a joint may be: places (K, 2) x, y in cells, scores (K,), tags (K,) or empty."""

    places: NDArray[np.float64]
    scores: NDArray[np.float64]
    tags: NDArray[np.float64]


def people_in(maps: Array, rule: MapsRule, joints: int) -> list[Array]:
    """maps (maps, h * w) -> a person each, (J, 3): x, y in cells, score, which is 0 where not seen.

    The surest comes first.
    """
    width, height = rule.size
    planes = maps.reshape(-1, height, width)
    heat, rest = planes[:joints], planes[joints:]
    tags = rest if rule.kind == "tags" else [None] * joints
    peaks = [_peaks(one, tag, rule.least_peak) for one, tag in zip(heat, tags, strict=True)]
    grouped = by_tags(peaks, rule) if rule.kind == "tags" else by_fields(peaks, rest, rule)
    people = [_person(peaks, group) for group in grouped if len(group) >= rule.least_joints]
    return sorted(people, key=lambda person: -float(person[:, 2].sum()))


def by_tags(peaks: Sequence[Peaks], rule: MapsRule) -> list[dict[int, int]]:
    """Joints whose tags are alike (Newell et al.): people as joint -> number of its peak."""
    people: list[dict[int, int]] = []
    for joint, one in enumerate(peaks):
        pairs: dict[int, int] = {}
        if people and len(one.tags):
            means = np.array([_mean_tag(peaks, person) for person in people])
            near = 1 - np.abs(one.tags[:, None] - means[None]) / rule.tag_distance
            # of two peaks with one tag the surer one
            gain = np.maximum(near, 0) * (0.9 + 0.1 * one.scores / one.scores.max())[:, None]
            pairs = dict(assigned(gain, _LEAST))
        for n in range(len(one.tags)):
            if n in pairs:
                people[pairs[n]][joint] = n
            else:
                people.append({joint: n})
    return people


def by_fields(peaks: Sequence[Peaks], fields: Array, rule: MapsRule) -> list[dict[int, int]]:
    """Joints that a field joins (Cao et al.): the surest limbs first, each joint once a person."""
    limbs = []
    for n, (a, b) in enumerate(rule.limbs):
        gain = _along(peaks[a].places, peaks[b].places, fields[2 * n : 2 * n + 2])
        limbs += [(gain[i, j], (a, i), (b, j)) for i, j in assigned(gain, _LEAST)]
    person_of: dict[tuple[int, int], dict[int, int]] = {}
    for joint, one in enumerate(peaks):
        person_of |= {(joint, n): {joint: n} for n in range(len(one.scores))}
    for _, start, end in sorted(limbs, key=lambda limb: -limb[0]):
        first, second = person_of[start], person_of[end]
        if first is second or first.keys() & second.keys():
            continue
        first |= second
        for one_peak in second.items():
            person_of[one_peak] = first
    return list({id(person): person for person in person_of.values()}.values())


def _peaks(heat: Array, tags: Array | None, least: float) -> Peaks:
    """Cells that none of their neighbours exceeds, with a parabola's fraction of a cell."""
    padded = np.pad(heat.astype(np.float64), 1, constant_values=-np.inf)
    highest = cv2.dilate(np.ascontiguousarray(heat, np.float32), np.ones((3, 3), np.uint8))
    rows, columns = np.nonzero((heat >= highest) & (heat >= least))
    order = np.argsort(-heat[rows, columns], kind="stable")[:MOST_PEAKS]
    rows, columns = rows[order], columns[order]
    kept = _apart(rows, columns)
    rows, columns = rows[kept], columns[kept]
    here = padded[rows + 1, columns + 1]
    across = _fraction(padded[rows + 1, columns], here, padded[rows + 1, columns + 2])
    down = _fraction(padded[rows, columns + 1], here, padded[rows + 2, columns + 1])
    places = np.stack([columns + across, rows + down], axis=1)
    marks = np.zeros(0) if tags is None else tags[rows, columns].astype(np.float64)
    return Peaks(places, np.clip(here, 0, 1), marks)


def _apart(rows: NDArray, columns: NDArray) -> list[int]:
    """Of neighbours that are equally high the first."""
    kept: list[int] = []
    for n in range(len(rows)):
        near = [k for k in kept if max(abs(rows[k] - rows[n]), abs(columns[k] - columns[n])) <= 1]
        kept += [] if near else [n]
    return kept


def _fraction(before: NDArray, here: NDArray, after: NDArray) -> NDArray[np.float64]:
    good = np.isfinite(before) & np.isfinite(after)
    before, after = np.where(good, before, here), np.where(good, after, here)
    bend = 2 * here - before - after
    off = np.where(bend > 1e-9, (after - before) / np.maximum(2 * bend, 1e-9), 0)
    return np.clip(off, -0.5, 0.5)


def _mean_tag(peaks: Sequence[Peaks], person: dict[int, int]) -> float:
    return float(np.mean([peaks[joint].tags[n] for joint, n in person.items()]))


def _along(starts: NDArray, ends: NDArray, field: Array) -> NDArray[np.float64]:
    """(K, 2) and (M, 2) -> (K, M) how well the field leads from one to the other, 0 or above."""
    if not len(starts) or not len(ends):
        return np.zeros((len(starts), len(ends)))
    height, width = field.shape[1:]
    vectors = ends[None] - starts[:, None]  # (K, M, 2)
    lengths = np.linalg.norm(vectors, axis=-1)
    units = vectors / np.maximum(lengths, 1e-9)[..., None]
    share = np.linspace(0, 1, SAMPLES)
    points = starts[:, None, None] + vectors[:, :, None] * share[:, None]  # (K, M, samples, 2)
    columns = np.clip(np.rint(points[..., 0]).astype(int), 0, width - 1)
    rows = np.clip(np.rint(points[..., 1]).astype(int), 0, height - 1)
    seen = field[:, rows, columns].astype(np.float64)  # (2, K, M, samples)
    dots = seen[0] * units[..., None, 0] + seen[1] * units[..., None, 1]
    # a limb as long as half of the map is unlikely (OpenPose)
    score = dots.mean(-1) + np.minimum(0.5 * height / np.maximum(lengths, 1e-9) - 1, 0)
    leads = (dots > ALONG).mean(-1) >= LEAST_ALONG
    return np.where(leads & (score > 0), score, 0.0)


def _person(peaks: Sequence[Peaks], group: dict[int, int]) -> Array:
    found = np.zeros((len(peaks), 3), np.float32)
    for joint, n in group.items():
        found[joint] = (*peaks[joint].places[n], peaks[joint].scores[n])
    return found
