"""How cost grows with the work, as types."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from edge3dpose.records import INLINE, Amount, Count
from edge3dpose.reports.rows import Header


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthRow:
    """One run in a process of its own; all else is as in the others.

    value    on the axis: megapixels, people, processes, the cut
    fps      end to end; of each process where there are several
    peak_mb  resident, of one process
    """

    axis: str
    label: str
    value: Amount
    fps: Amount
    p50_ms: Amount
    p99_ms: Amount
    cpu_ms: Amount
    peak_mb: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope:
    """The straight line through the medians of an axis: milliseconds = at_zero + each * value.

    p99_each_ms, peak_each_mb  the slopes of the 99th percentiles and of the memory
    """

    axis: str
    each_ms: float
    at_zero_ms: float
    p99_each_ms: float = 0.0
    peak_each_mb: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthReport:
    """Cost against frame size, people, cameras, cut and precision, edge3dpose.growth/1."""

    KIND: ClassVar[str] = "growth"

    header: Header = field(metadata=INLINE)
    protocol: str
    model: str
    rounds: Count
    rows: tuple[GrowthRow, ...]
    slopes: tuple[Slope, ...]
    load_average_after: tuple[Amount, ...] | None = None
