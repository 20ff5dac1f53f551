"""What build-engine has built, as types."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from edge3dpose.records import INLINE, Amount, Count, Cut, Sha256
from edge3dpose.reports.rows import Header, Parity


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRow:
    """A built engine."""

    cut: Cut
    backend_version: str
    size_bytes: Count
    sha256: Sha256
    seconds: Amount
    nodes: Count
    parity: Parity | None
    calibration: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildFailure:
    """An engine that could not be built."""

    cut: Cut
    failed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """Engines of one model, precision and backend, edge3dpose.build/1."""

    KIND: ClassVar[str] = "build"

    header: Header = field(metadata=INLINE)
    model: str
    weights_sha256: Sha256
    state: str | None
    precision: str
    backend: str
    engines: tuple[BuildFailure | BuildRow, ...]
