"""The calls of a governor under a load that comes and goes, as types."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from edge3dpose.records import INLINE, Amount, Count, Cut, Sha256, Share
from edge3dpose.reports.rows import Header


@dataclass(frozen=True, slots=True, kw_only=True)
class GovernorCall:
    """One call of an engine while the governor was at work."""

    time_s: Amount
    took_ms: Amount
    cut: Cut


@dataclass(frozen=True, slots=True, kw_only=True)
class GovernorPhase:
    """What the calls of one phase came to."""

    phase: str
    calls: Count
    in_time: Share  # share within the deadline
    p50_ms: Amount
    p95_ms: Amount
    error_mm: Amount | None
    calls_by_cut: dict[str, Count]
    changes: Count  # of the cut


@dataclass(frozen=True, slots=True, kw_only=True)
class GovernorReport:
    """The governor under a load that comes and goes, edge3dpose.governor/1."""

    KIND: ClassVar[str] = "governor"

    header: Header = field(metadata=INLINE)
    model: str
    weights_sha256: Sha256
    backend: str
    precision: str
    threads: Count | None
    deadline_ms: Amount
    error_mm: dict[str, Amount]  # by cut
    cuts: tuple[Cut, ...]
    fps: Amount
    load: Count  # busy processes
    slowed: tuple[tuple[Amount, Amount], ...]  # begin and end of the load, s
    calls: tuple[GovernorCall, ...]
    phases: dict[str, tuple[GovernorPhase, ...]]  # of "calls" and of "calls_of_one_cut"
    calls_of_one_cut: tuple[GovernorCall, ...]
