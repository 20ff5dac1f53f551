"""What build-engine has built, as types."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from edge3dpose.records import INLINE
from edge3dpose.reports.rows import Header, Parity


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRow:
    """A built engine."""

    cut: int
    backend_version: str
    size_bytes: int
    sha256: str
    seconds: float
    nodes: int
    parity: Parity | None
    calibration: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildFailure:
    """An engine that could not be built."""

    cut: int
    failed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """Engines of one model, precision and backend, edge3dpose.build/1."""

    KIND: ClassVar[str] = "build"

    header: Header = field(metadata=INLINE)
    model: str
    weights_sha256: str
    state: str | None
    precision: str
    backend: str
    engines: tuple[BuildFailure | BuildRow, ...]
