"""The profile of this machine and a budget -> what to run, and why it is that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

from edge3dpose import manifest
from edge3dpose.compiler.order import key_fields, place_order
from edge3dpose.errors import BadInput, Edge3DPoseError
from edge3dpose.selection import pareto, profile, reasons
from edge3dpose.selection.budget import Budget
from edge3dpose.selection.defaults import cuts_by_error
from edge3dpose.selection.ladder import rungs
from edge3dpose.selection.pareto import Point
from edge3dpose.selection.profile import Profile
from edge3dpose.types import EngineConfig, Precision, Weights

AGAIN = "measure again: edge3dpose tune"


@dataclass(frozen=True, slots=True)
class Picked:
    """What to run, and what a governor needs to keep it in time."""

    config: EngineConfig
    limit_ms: float | None  # of a call of the engine; None where none is to be kept
    quiet_ms: dict[int, float]  # of the cut and of those that may stand in for it


def pick(config: EngineConfig, budget: Budget) -> tuple[Picked | None, str]:
    """The best point of the profile; None and the reason (empty: nobody tuned) where there is none.

    Raises BadInput where there are points to choose from and none is within the budget.
    """
    errors_mm = dict(cuts_by_error(config.weights))
    found = profile.look_up(profile.identity(config.weights, config.threads), errors_mm)
    if found.profile is None:
        return None, found.reason and f"no profile fits: {found.reason}; {AGAIN}"
    limit_ms = _limit_ms(found.profile, budget)
    points, notes = _current(found.profile, config.weights, budget, limit_ms)
    if not points:
        return None, "; ".join(notes) or f"the profile has no such engine; {AGAIN}"
    point = pareto.best(points, within_ms=limit_ms, within_mm=budget.error_mm)
    if point is None:
        why_not = reasons.why_none(points, limit_ms, budget.error_mm)
        if budget.latency_ms is None and budget.error_mm is None:
            return None, f"{why_not}; frames will be dropped"
        raise BadInput(why_not)
    why = (f"{point.text}: {reasons.why(point, found.profile, budget)}", *notes)
    chosen = replace(
        config,
        cut=point.cut,
        precision=cast(Precision, point.precision),
        backend=point.backend,
        why=why,
    )
    return Picked(chosen, limit_ms, _stand_ins(points, point, budget.error_mm)), ""


def _limit_ms(found: Profile, budget: Budget) -> float | None:
    """What a call may take: as asked for, else what a live source's period leaves for it."""
    if budget.latency_ms is not None or budget.error_mm is not None or budget.fps is None:
        return budget.latency_ms
    return 1000 / budget.fps - found.around_ms


def _current(
    found: Profile, weights: Weights, budget: Budget, limit_ms: float | None
) -> tuple[list[Point], list[str]]:
    """The points that the user allows, and why some are left out.

    Whether a point still holds is asked of the best one alone, or of the quickest where none is
    within the budget: it imports the backend's package.
    """
    points = pareto.by_error(
        point
        for point in found.points
        if budget.backend in ("auto", point.backend)
        and budget.precision in ("auto", point.precision)
    )
    notes: list[str] = []
    while points:
        best = pareto.best(points, within_ms=limit_ms, within_mm=budget.error_mm)
        asked = best or min(points, key=lambda point: point.p90_ms)
        stale = _stale(weights, asked)
        if not stale:
            break
        notes.append(f"the profile's {asked.precision} on {asked.backend} is left out: {stale}")
        points = [point for point in points if point.way != asked.way]
    return points, notes


def _stale(weights: Weights, point: Point) -> str:
    """Why the engine that would be opened now is not the one that was measured; else empty."""
    try:
        precision = cast(Precision, point.precision)
        fields = key_fields(place_order(weights, point.cut, precision, point.backend))
    except Edge3DPoseError as error:  # the package or the calibration has gone
        return str(error)
    if fields["backend_version"] != point.backend_version:
        here = fields["backend_version"]
        return f"it was measured with version {point.backend_version}, here is {here}; {AGAIN}"
    if manifest.digest(fields) != point.key:
        return f"its engines would be built otherwise now; {AGAIN}"
    return ""


def _stand_ins(points: list[Point], chosen: Point, most_mm: float | None) -> dict[int, float]:
    """cut -> ms of the chosen cut and of shallower ones, on the same backend and precision."""
    same = {point.cut: point for point in pareto.by_error(points) if point.way == chosen.way}
    allowed = [
        cut
        for cut, point in same.items()
        if cut < chosen.cut and (most_mm is None or (point.error_mm or 0.0) <= most_mm)
    ]
    return {cut: same[cut].p50_ms for cut in rungs([chosen.cut, *allowed])}
