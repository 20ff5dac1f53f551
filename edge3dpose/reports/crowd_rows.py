"""What was found in rendered crowds, as types: a report of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from edge3dpose.records import INLINE, OTHER_KEYS, Amount, Count, Sha256, named
from edge3dpose.reports.rows import Header


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenBin:
    """The people of whom a share between two values is hidden, over all frames."""

    lowest: float = field(metadata=named("from"))
    highest: float = field(metadata=named("to"))
    people: Count
    found: Amount | None  # share of them
    mpjpe_mm: Amount | None  # of those found
    pa_mpjpe_mm: Amount | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrowdRow:
    """One sequence, or all of them."""

    name: str
    people: Count
    frames: Count
    by_hidden: tuple[HiddenBin, ...]
    # named as in evaluation.crowd_figures; None where a figure cannot be told
    figures: dict[str, float | None] = field(metadata=OTHER_KEYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrowdsReport:
    """What a pipeline finds in rendered crowds, edge3dpose.crowds/1."""

    KIND: ClassVar[str] = "crowds"

    header: Header = field(metadata=INLINE)
    model: str
    weights_sha256: Sha256
    protocol: str
    truth_sha256: dict[str, str]  # by sequence
    pipeline: dict[str, Any]  # the header of a poses file
    seconds: Amount  # the pipeline took, reading the videos included
    rows: tuple[CrowdRow, ...]
    overall: CrowdRow


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRow:
    """What a pipeline says of a real clip in which the people were counted by eye."""

    name: str
    frames: Count
    fps: Amount
    people: Count  # different ones, by eye
    # named as in benchmarks/clips.py; None where a figure cannot be told
    figures: dict[str, float | None] = field(metadata=OTHER_KEYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipsReport:
    """What a pipeline says of real clips, edge3dpose.clips/1."""

    KIND: ClassVar[str] = "clips"

    header: Header = field(metadata=INLINE)
    model: str
    weights_sha256: Sha256
    protocol: str
    pipeline: dict[str, Any]
    rows: tuple[ClipRow, ...]
