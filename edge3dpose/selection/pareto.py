"""Points of milliseconds and millimetres -> those that nothing beats, and the best for a budget."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    """An engine as it was measured on this machine, alone, one person."""

    cut: int
    backend: str
    precision: str
    backend_version: str
    key: str  # of its manifest: everything that could have changed the engine
    p50_ms: float
    p90_ms: float
    deviation_mm: float  # from FP32, on real people
    error_mm: float | None  # profile.error_mm; None where the model card holds none of the cut

    @property
    def way(self) -> tuple[str, str]:
        """What a cut is run by."""
        return self.backend, self.precision

    @property
    def text(self) -> str:
        """The engine in words."""
        return f"cut {self.cut}, {self.precision}, {self.backend}"


def by_error(points: Iterable[Point]) -> list[Point]:
    """The points whose error is known, the best first; where none is known, the deepest first."""
    listed = list(points)
    known = [point for point in listed if point.error_mm is not None]
    return sorted(known or listed, key=lambda point: (_loss(point), point.p90_ms))


def front(points: Iterable[Point]) -> list[Point]:
    """The points that no other beats in both, the quickest first."""
    known = by_error(points)
    return [known[n] for n in pareto_front([(point.p90_ms, _loss(point)) for point in known])]


def pareto_front(costs: Sequence[tuple[float, float]]) -> list[int]:
    """Which (time, error) pairs no other beats in both: their indices, the quickest first."""
    kept: list[int] = []
    for n in sorted(range(len(costs)), key=lambda n: costs[n]):
        if not kept or costs[n][1] < costs[kept[-1]][1]:
            kept.append(n)
    return kept


def best(
    points: Sequence[Point], *, within_ms: float | None = None, within_mm: float | None = None
) -> Point | None:
    """What a budget buys; None where no point is within it.

    Within a time: the least error, 90 % of the calls being in time. Within an error alone: the
    quickest.
    """
    kept = [point for point in by_error(points) if within_ms is None or point.p90_ms <= within_ms]
    if within_mm is not None:
        kept = [one for one in kept if one.error_mm is not None and one.error_mm <= within_mm]
    if within_ms is None:
        kept.sort(key=lambda point: point.p90_ms)
    return kept[0] if kept else None


def _loss(point: Point) -> float:
    """What is to be small: the error, or how far from the last cut."""
    return -point.cut if point.error_mm is None else point.error_mm
