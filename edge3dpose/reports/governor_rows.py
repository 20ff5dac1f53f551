"""The calls of a governor under a load that comes and goes, as types."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from edge3dpose.records import INLINE
from edge3dpose.reports.rows import Header


@dataclass(frozen=True, slots=True, kw_only=True)
class GovernorCall:
    """One call of an engine while the governor was at work."""

    time_s: float
    took_ms: float
    cut: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GovernorPhase:
    """What the calls of one phase came to."""

    phase: str
    calls: int
    in_time: float  # share within the deadline
    p50_ms: float
    p95_ms: float
    error_mm: float | None
    calls_by_cut: dict[str, int]
    changes: int  # of the cut


@dataclass(frozen=True, slots=True, kw_only=True)
class GovernorReport:
    """The governor under a load that comes and goes, edge3dpose.governor/1."""

    KIND: ClassVar[str] = "governor"

    header: Header = field(metadata=INLINE)
    model: str
    weights_sha256: str
    backend: str
    precision: str
    threads: int | None
    deadline_ms: float
    error_mm: dict[str, float]  # by cut
    cuts: tuple[int, ...]
    fps: float
    load: int  # busy processes
    slowed: tuple[tuple[float, float], ...]  # begin and end of the load, s
    calls: tuple[GovernorCall, ...]
    phases: dict[str, tuple[GovernorPhase, ...]]  # of "calls" and of "calls_of_one_cut"
    calls_of_one_cut: tuple[GovernorCall, ...]
