"""Which people finders find in pictures, as types: a report of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from edge3dpose.records import INLINE, Amount, Count, Sha256, Share
from edge3dpose.reports.rows import Header


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """How many people are found, and what else is taken for one."""

    found: Count  # of the people
    recall: Share
    false_alarms: Count  # in the pictures in which everybody is marked
    false_alarms_a_picture: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchTime:
    """Milliseconds of one search of a picture: decoding left out, shrinking it included."""

    n: Count
    min_ms: Amount
    p50_ms: Amount
    p90_ms: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFound:
    """One picture: its people, those found by ROI, and those who get a pose."""

    name: str
    people: Count
    found: Count
    found_by_pose: Count
    false_alarms: Count | None  # None where not everybody is marked
    false_alarms_by_pose: Count | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinderRow:
    """One detector in one precision."""

    detector: str
    precision: str
    runtime: str  # the package that computes it, with its version
    threads: Count | None  # None for the runtime's own choice
    by_roi: Found
    by_box: Found | None  # None of a detector that gives no tight boxes
    by_pose: Found | None  # of the poses that run gives of each picture; None of a quick search
    search: SearchTime
    pictures: tuple[PictureFound, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleReport:
    """Which people finders find in pictures that were labelled by hand, edge3dpose.people/1."""

    KIND: ClassVar[str] = "people"

    header: Header = field(metadata=INLINE)
    protocol: str
    labels_sha256: Sha256
    picture_count: Count
    people: Count
    all_marked: Count  # pictures in which everybody is marked
    model: str  # whose poses check the boxes
    engine: str
    weights_sha256: Sha256
    rows: tuple[FinderRow, ...]
