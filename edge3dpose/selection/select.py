"""A request and a budget -> the engine that keeps the budget, open, and why it was chosen.

With a profile of this machine (edge3dpose tune) all measured cuts, precisions and backends are
compared. Without one only the cut is chosen: by the model card, and by timing a few cuts now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edge3dpose.compiler.engine_key import key_of
from edge3dpose.engine_types import Engine, EngineConfig, EngineRequest
from edge3dpose.errors import BadInput, Edge3DPoseError
from edge3dpose.selection import pareto, profile
from edge3dpose.selection.budget import Budget
from edge3dpose.selection.defaults import cuts_by_error, resolve, with_cut
from edge3dpose.selection.engine import open_engine
from edge3dpose.selection.ladder import (
    falling_depth,
    ladder,
    open_governed,
    open_within_latency,
)
from edge3dpose.selection.pareto import Point
from edge3dpose.selection.profile import Profile
from edge3dpose.types import Progress

MEASURE_AGAIN = "measure again: edge3dpose tune"
NO_ERRORS = (
    "the model card holds no errors; measure them: "
    "edge3dpose evaluate --dataset synthetic --write-card"
)


@dataclass(frozen=True, slots=True)
class Selection:
    """The engine chosen from a profile, and what a governor needs to keep it in time."""

    config: EngineConfig
    limit_ms: float | None  # of a call of the engine; None for no limit
    quiet_ms: dict[int, float]  # cut -> median ms, of this cut and of those that may replace it


def open_within_budget(
    request: EngineRequest,
    budget: Budget,
    engines: Path | None = None,
    progress: Progress | None = None,
) -> tuple[EngineConfig, Engine]:
    """Choose and open an engine; its config says why it was chosen.

    engines  folder of the cache; None for the usual one
    Raises BadInput where no engine is within the budget.
    """
    budget.check(request)
    config = resolve(request)
    if budget.leaves_no_choice(request):
        return config, open_engine(config, engines, progress)
    selected, reason = select_from_profile(request, config, budget)
    if selected is None:
        noted = replace(config, why=(*config.why, reason)) if reason else config
        return _without_profile(noted, budget, engines, progress)
    config = selected.config
    if selected.limit_ms is None or not budget.govern:
        return config, open_engine(config, engines, progress)
    return config, open_governed(config, selected.limit_ms, selected.quiet_ms, engines, progress)


def _without_profile(
    config: EngineConfig, budget: Budget, engines: Path | None, progress: Progress | None
) -> tuple[EngineConfig, Engine]:
    """By the model card, and by timing some cuts now where there is a limit of time."""
    max_mm = budget.error_mm
    if budget.latency_ms is not None:
        cuts = ladder(config)
        if max_mm is not None:
            cuts = falling_depth([cut for cut, _ in _within_error(config, max_mm)])
        return open_within_latency(config, cuts, budget, engines, progress)
    if max_mm is not None:
        cut, error_mm = min(_within_error(config, max_mm))
        reason = (
            f"the shallowest whose error is at most {max_mm:g} mm by the model card "
            f"({error_mm:.1f} mm in FP32); edge3dpose tune would know the quickest engine"
        )
        config = with_cut(config, cut, reason)
    return config, open_engine(config, engines, progress)


def _within_error(config: EngineConfig, max_mm: float) -> list[tuple[int, float]]:
    """(cut, error) of the cuts within an error by the card, the best first; BadInput for none."""
    known, name = cuts_by_error(config.weights), config.spec.name
    if not known:
        raise BadInput(f"no cut of {name} is known to be within {max_mm:g} mm: {NO_ERRORS}")
    if good := [(cut, error_mm) for cut, error_mm in known if error_mm <= max_mm]:
        return good
    cut, error_mm = known[0]
    raise BadInput(
        f"no cut of {name} has an error of at most {max_mm:g} mm: "
        f"the best by the model card is cut {cut}, {error_mm:.1f} mm"
    )


def select_from_profile(
    request: EngineRequest, config: EngineConfig, budget: Budget
) -> tuple[Selection | None, str]:
    """The best engine of this machine's profile; None and the reason where there is none.

    config  what the request comes to without a budget
    The reason is empty where nobody has run tune. Raises BadInput where the profile has engines and
    none of them is within a limit that was asked for.
    """
    errors_mm = dict(cuts_by_error(config.weights))
    looked_up = profile.look_up(profile.identity(config.weights, config.threads), errors_mm)
    found = looked_up.profile
    if found is None:
        reason = looked_up.reason
        return None, f"no profile fits: {reason}; {MEASURE_AGAIN}" if reason else ""
    limit_ms = _limit_ms(found, budget)
    limits = {"max_ms": limit_ms, "max_mm": budget.error_mm}
    points = [
        point
        for point in found.points
        if request.backend in ("auto", point.backend)
        and request.precision in ("auto", point.precision)
    ]
    points, notes = _without_outdated(pareto.by_error(points), config, limits)
    if not points:
        return None, "; ".join(notes) or f"the profile has no such engine; {MEASURE_AGAIN}"
    point = pareto.best(points, **limits)
    if point is None:
        nearest = _nearest(points, limit_ms, budget.error_mm)
        if budget.latency_ms is None and budget.error_mm is None:
            return None, f"{nearest}; frames will be dropped"
        raise BadInput(nearest)
    why = (f"{point.text}: {_reason(point, found, budget)}", *notes)
    replacing = _replacements(points, point, budget.error_mm)
    return Selection(point.config(config, why), limit_ms, replacing), ""


def _limit_ms(found: Profile, budget: Budget) -> float | None:
    """The time of a call: as asked for, else what the frame rate leaves after the other stages."""
    if budget.latency_ms is not None or budget.error_mm is not None or budget.fps is None:
        return budget.latency_ms
    return 1000 / budget.fps - found.other_stages_ms


def _without_outdated(
    points: list[Point], config: EngineConfig, limits: dict[str, float | None]
) -> tuple[list[Point], list[str]]:
    """The points whose measurement holds, and why the others are left out.

    Only the best point is checked, or the fastest where none is within the limits, since the check
    imports the backend's package.
    """
    notes: list[str] = []
    while points:
        best = pareto.best(points, **limits) or min(points, key=lambda point: point.p90_ms)
        outdated = _outdated(config, best)
        if not outdated:
            break
        notes.append(f"the profile's {best.precision} on {best.backend} is left out: {outdated}")
        points = [point for point in points if point.executor != best.executor]
    return points, notes


def _outdated(config: EngineConfig, point: Point) -> str:
    """Why the engine that would be opened now is not the one that was measured; else empty."""
    try:
        key = key_of(point.config(config))
    except Edge3DPoseError as error:  # the package or the calibration has gone
        return str(error)
    here = key.fields["backend_version"]
    if here != point.backend_version:
        there = point.backend_version
        return f"it was measured with version {there}, here is {here}; {MEASURE_AGAIN}"
    if key.digest != point.key:
        return f"its engines would be built otherwise now; {MEASURE_AGAIN}"
    return ""


def _replacements(points: list[Point], chosen: Point, max_mm: float | None) -> dict[int, float]:
    """cut -> ms of the chosen cut and of shallower ones, of the same backend and precision."""
    same = {p.cut: p for p in pareto.by_error(points) if p.executor == chosen.executor}
    allowed = [
        cut
        for cut, point in same.items()
        if cut < chosen.cut and (max_mm is None or (point.error_mm or 0.0) <= max_mm)
    ]
    return {cut: same[cut].p50_ms for cut in falling_depth([chosen.cut, *allowed])}


def _reason(point: Point, found: Profile, budget: Budget) -> str:
    """Why a point was chosen."""
    error = ""
    if point.error_mm is not None:
        own = f" and {point.precision}'s distance from FP32" if point.deviation_mm else ""
        error = f"{point.error_mm:.1f} mm by the model card{own}, "
    best = "the deepest" if point.error_mm is None else "the least error"
    return (
        f"{_limits_text(best, found, budget)}: {error}{point.p90_ms:.1f} ms (90 % of its calls) "
        f"on {found.day} by edge3dpose tune"
    )


def _limits_text(best: str, found: Profile, budget: Budget) -> str:
    if budget.latency_ms is not None:
        both = "" if budget.error_mm is None else f" and {budget.error_mm:g} mm"
        return f"{best} within {budget.latency_ms:g} ms{both}"
    if budget.error_mm is not None:
        return f"the quickest within {budget.error_mm:g} mm"
    assert budget.fps is not None, "one of the three is asked for"
    return (
        f"{best} that keeps up with {budget.fps:g} frames a second, {1000 / budget.fps:.1f} ms "
        f"less {found.other_stages_ms:.1f} ms for the stages around the engine"
    )


def _nearest(points: Sequence[Point], max_ms: float | None, max_mm: float | None) -> str:
    """What comes nearest, where no point is within the limits."""
    profile_engine = "engine of this machine's profile"
    fastest = min(points, key=lambda point: point.p90_ms)
    if max_ms is not None and fastest.p90_ms > max_ms:
        return (
            f"no {profile_engine} stays under {max_ms:.3g} ms: "
            f"the quickest, {fastest.text}, takes {fastest.p90_ms:.1f} ms"
        )
    assert max_mm is not None, "some are in time"
    near = pareto.best(points, max_mm=max_mm)
    if near is None:
        best = pareto.by_error(points)[0]
        if best.error_mm is None:
            return f"no cut is known to be within {max_mm:g} mm: {NO_ERRORS}"
        return (
            f"no {profile_engine} has an error of at most {max_mm:g} mm: "
            f"the best, {best.text}, has {best.error_mm:.1f} mm"
        )
    in_time = pareto.best(points, max_ms=max_ms)
    assert in_time is not None, "the fastest is"
    return (
        f"no {profile_engine} is within both {max_ms:g} ms and {max_mm:g} mm: "
        f"in time the best is {in_time.text} with {in_time.error_mm:.1f} mm, "
        f"and {near.text} needs {near.p90_ms:.1f} ms for {near.error_mm:.1f} mm"
    )
