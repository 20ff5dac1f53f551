"""Engines as points of time and error: those that no other beats, and the best within limits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from edge3dpose.engine_types import EngineConfig, Precision
from edge3dpose.records import Amount, Cut, Name


@dataclass(frozen=True, slots=True)
class Point:
    """An engine as it was timed on this machine, alone, one person a call."""

    cut: Cut
    backend: Name
    precision: Precision
    backend_version: str
    key: str  # of its manifest: everything that can change the engine
    p50_ms: Amount
    p90_ms: Amount
    deviation_mm: Amount  # from FP32, on real people
    error_mm: Amount | None = None  # None where the card holds none

    @property
    def executor(self) -> tuple[str, str]:
        """Backend and precision."""
        return self.backend, self.precision

    @property
    def text(self) -> str:
        """The engine in words."""
        return f"cut {self.cut}, {self.precision}, {self.backend}"

    def config(self, like: EngineConfig, why: tuple[str, ...] = ()) -> EngineConfig:
        """This engine with the weights and threads of another."""
        return replace(like, cut=self.cut, precision=self.precision, backend=self.backend, why=why)


def by_error(points: Iterable[Point]) -> list[Point]:
    """The points whose error is known, the best first; where none is known, the deepest first."""
    listed = list(points)
    known = [point for point in listed if point.error_mm is not None]
    return sorted(known or listed, key=lambda point: (_loss(point), point.p90_ms))


def front(points: Iterable[Point]) -> list[Point]:
    """The points that no other beats in both time and error, the fastest first."""
    known = by_error(points)
    return [known[n] for n in pareto_front([(point.p90_ms, _loss(point)) for point in known])]


def pareto_front(costs: Sequence[tuple[float, float]]) -> list[int]:
    """Which (time, error) pairs no other beats in both: their indices, the fastest first."""
    kept: list[int] = []
    for n in sorted(range(len(costs)), key=lambda n: costs[n]):
        if not kept or costs[n][1] < costs[kept[-1]][1]:
            kept.append(n)
    return kept


def best(
    points: Sequence[Point], *, max_ms: float | None = None, max_mm: float | None = None
) -> Point | None:
    """The best point within the limits; None where no point is within them.

    With a limit of time: the least error, where 90 % of the calls are in time. With a limit of
    error alone: the fastest.
    """
    kept = [point for point in by_error(points) if max_ms is None or point.p90_ms <= max_ms]
    if max_mm is not None:
        kept = [one for one in kept if one.error_mm is not None and one.error_mm <= max_mm]
    if max_ms is None:
        kept.sort(key=lambda point: point.p90_ms)
    return kept[0] if kept else None


def _loss(point: Point) -> float:
    """What is to be small: the error; where it is unknown, minus the cut, for deeper is better."""
    return -point.cut if point.error_mm is None else point.error_mm
