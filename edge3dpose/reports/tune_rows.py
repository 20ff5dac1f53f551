"""What tune has measured, as a type."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge3dpose.records import Amount
from edge3dpose.reports.rows import LeftOut
from edge3dpose.selection.pareto import Point


@dataclass(frozen=True, slots=True, kw_only=True)
class TuneResult:
    """The engines of a model as they were measured on this machine."""

    model: str
    points: tuple[Point, ...]
    other_stages_ms: Amount  # 90 % of the frames spend no longer outside the engine
    load_before: tuple[Amount, ...] | None  # load average of the machine before the start
    left_out: tuple[LeftOut, ...]  # what could not be built here
    file: Path | None  # the profile
    fault: str = ""  # why it could not be written
