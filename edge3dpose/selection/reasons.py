"""A point of the profile and a budget -> why it was taken, or why there is none, in words."""

from __future__ import annotations

from collections.abc import Sequence

from edge3dpose.selection import pareto
from edge3dpose.selection.budget import Budget
from edge3dpose.selection.pareto import Point
from edge3dpose.selection.profile import Profile

NO_ERRORS = (
    "the model card holds no errors; measure them: "
    "edge3dpose evaluate --dataset synthetic --write-card"
)


def why(point: Point, found: Profile, budget: Budget) -> str:
    """The reason that `run` prints for what it took from the profile."""
    best = "the deepest" if point.error_mm is None else "the least error"
    took = f"{point.p90_ms:.1f} ms (90 % of its calls) on {found.day} by edge3dpose tune"
    return f"{_asked(best, found, budget)}: {_error(point)}{took}"


def _asked(best: str, found: Profile, budget: Budget) -> str:
    if budget.latency_ms is not None:
        both = "" if budget.error_mm is None else f" and {budget.error_mm:g} mm"
        return f"{best} within {budget.latency_ms:g} ms{both}"
    if budget.error_mm is not None:
        return f"the quickest within {budget.error_mm:g} mm"
    assert budget.fps is not None, "one of the three is asked for"
    return (
        f"{best} that keeps up with {budget.fps:g} frames a second, {1000 / budget.fps:.1f} ms "
        f"less {found.around_ms:.1f} ms for the stages around the engine"
    )


def _error(point: Point) -> str:
    if point.error_mm is None:
        return ""
    own = f" and {point.precision}'s distance from FP32" if point.deviation_mm else ""
    return f"{point.error_mm:.1f} mm by the model card{own}, "


def why_none(points: Sequence[Point], limit_ms: float | None, most_mm: float | None) -> str:
    """What comes nearest, where none of the points is within a time and an error."""
    quickest = min(points, key=lambda point: point.p90_ms)
    if limit_ms is not None and quickest.p90_ms > limit_ms:
        return (
            f"no engine of this machine's profile stays under {limit_ms:.3g} ms: "
            f"the quickest, {quickest.text}, takes {quickest.p90_ms:.1f} ms"
        )
    assert most_mm is not None, "in time are some"
    near = pareto.best(points, within_mm=most_mm)
    if near is None:
        best = pareto.by_error(points)[0]
        if best.error_mm is None:
            return f"no cut is known to be within {most_mm:g} mm: {NO_ERRORS}"
        return (
            f"no engine of this machine's profile has an error of at most {most_mm:g} mm: "
            f"the best, {best.text}, has {best.error_mm:.1f} mm"
        )
    in_time = pareto.best(points, within_ms=limit_ms)
    assert in_time is not None, "the quickest is"
    return (
        f"no engine of this machine's profile is within both {limit_ms:g} ms and {most_mm:g} mm: "
        f"in time the best is {in_time.text} with {in_time.error_mm:.1f} mm, "
        f"and {near.text} needs {near.p90_ms:.1f} ms for {near.error_mm:.1f} mm"
    )
