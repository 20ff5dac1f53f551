"""Which people finders find in pictures, as types: a report of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from edge3dpose.records import INLINE
from edge3dpose.reports.rows import Header


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """How many people are found, and what else is taken for one."""

    found: int  # of the people
    recall: float
    false_alarms: int  # in the pictures in which everybody is marked
    false_alarms_a_picture: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchTime:
    """Milliseconds of one search of a picture: decoding left out, shrinking it included."""

    n: int
    min_ms: float
    p50_ms: float
    p90_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFound:
    """One picture: its people, those found by ROI, and those who get a pose."""

    name: str
    people: int
    found: int
    found_by_pose: int
    false_alarms: int | None  # None where not everybody is marked
    false_alarms_by_pose: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinderRow:
    """One detector in one precision."""

    detector: str
    precision: str
    runtime: str  # the package that computes it, with its version
    threads: int | None  # None for the runtime's own choice
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
    labels_sha256: str
    picture_count: int
    people: int
    all_marked: int  # pictures in which everybody is marked
    model: str  # whose poses check the boxes
    engine: str
    weights_sha256: str
    rows: tuple[FinderRow, ...]
