"""A config and a budget -> the engine that keeps it: by this machine's profile, else found now."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from edge3dpose.errors import BadInput
from edge3dpose.selection import from_profile as by_profile
from edge3dpose.selection.budget import Budget
from edge3dpose.selection.defaults import cuts_by_error, with_cut
from edge3dpose.selection.engine import open_engine
from edge3dpose.selection.ladder import governed, ladder, rungs, within_latency
from edge3dpose.selection.reasons import NO_ERRORS
from edge3dpose.types import Engine, EngineConfig, Progress


def open_within(
    config: EngineConfig, budget: Budget, engines: Path | None, progress: Progress | None = None
) -> tuple[EngineConfig, Engine]:
    """What a budget comes to, with its reasons, and its engine.

    config  what would be run without a budget
    Raises BadInput where nothing is within it.
    """
    if budget.is_open:
        return config, open_engine(config, engines, progress)
    picked, why_not = by_profile.pick(config, budget)
    if picked is None:
        noted = replace(config, why=(*config.why, why_not)) if why_not else config
        return _without_profile(noted, budget, engines, progress)
    if picked.limit_ms is None or not budget.govern:
        return picked.config, open_engine(picked.config, engines, progress)
    engine = governed(picked.config, picked.limit_ms, picked.quiet_ms, engines, progress)
    return picked.config, engine


def _without_profile(
    config: EngineConfig, budget: Budget, engines: Path | None, progress: Progress | None
) -> tuple[EngineConfig, Engine]:
    """By the model card, and by timing a ladder now where a time is to be kept."""
    limit_ms, most_mm = budget.latency_ms, budget.error_mm
    if limit_ms is not None:
        good = None if most_mm is None else _good_enough(config, most_mm)
        cuts = ladder(config) if good is None else rungs([cut for cut, _ in good])
        return within_latency(config, limit_ms, cuts, engines, progress, govern=budget.govern)
    if most_mm is not None:
        cut, error_mm = min(_good_enough(config, most_mm))
        config = with_cut(
            config,
            cut,
            f"the shallowest whose error is at most {most_mm:g} mm by the model card "
            f"({error_mm:.1f} mm in FP32); edge3dpose tune would know the quickest engine",
        )
    return config, open_engine(config, engines, progress)


def _good_enough(config: EngineConfig, most_mm: float) -> list[tuple[int, float]]:
    """(cut, error) of the cuts within an error by the card, the best first; BadInput for none."""
    known, name = cuts_by_error(config.weights), config.spec.name
    if not known:
        raise BadInput(f"no cut of {name} is known to be within {most_mm:g} mm: {NO_ERRORS}")
    if good := [(cut, error_mm) for cut, error_mm in known if error_mm <= most_mm]:
        return good
    cut, error_mm = known[0]
    raise BadInput(
        f"no cut of {name} has an error of at most {most_mm:g} mm: "
        f"the best by the model card is cut {cut}, {error_mm:.1f} mm"
    )
