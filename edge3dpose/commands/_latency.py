"""--max-latency-ms: the most accurate cut that is quick enough on this machine, now and later."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np

from edge3dpose.commands._engine import Choice, cuts_by_error, open_chosen, with_cut
from edge3dpose.errors import BadInput
from edge3dpose.runtime.governor import GovernedEngine, Governor
from edge3dpose.types import Engine

TRIALS = 12
WARM_UP = 3


def within_latency(
    choice: Choice,
    limit_ms: float,
    engines: Path | None,
    progress: Callable[[str, float], None] | None = None,
) -> Choice:
    """Try cuts from the best on, each next one at most three quarters as deep.

    Measured is the engine, one person, 90th percentile of a few calls. BadInput where not even
    the first cut is quick enough.
    """
    tried: list[str] = []
    for cut in ladder(choice):
        took_ms = milliseconds(with_cut(choice, cut, ""), engines, progress)
        tried.append(f"cut {cut} {took_ms:.1f} ms")
        if took_ms <= limit_ms:
            return with_cut(
                choice, cut, f"the best that stays under {limit_ms:g} ms here ({', '.join(tried)})"
            )
    raise BadInput(
        f"no cut of {choice.spec.name} on {choice.backend} stays under {limit_ms:g} ms here: "
        f"{', '.join(tried)}"
    )


def governed(
    choice: Choice,
    limit_ms: float,
    engines: Path | None,
    progress: Callable[[str, float], None] | None = None,
) -> GovernedEngine:
    """The chosen cut and the shallower ones of the ladder as one engine that keeps the limit."""
    cuts = [cut for cut in ladder(choice) if cut <= choice.cut]
    opened: dict[int, Engine] = {}
    try:
        for cut in cuts:
            opened[cut], _ = open_chosen(with_cut(choice, cut, ""), engines, progress=progress)
        quiet_ms = {cut: _timed(engine, choice, 50) for cut, engine in opened.items()}
    except BaseException:
        for engine in opened.values():
            engine.close()
        raise
    return GovernedEngine(opened, Governor(quiet_ms, limit_ms))


def ladder(choice: Choice) -> list[int]:
    """The best cut, then the best of the cuts that are at most 3/4 as deep, and so on down to 1."""
    ranked = [cut for cut, _ in cuts_by_error(choice.weights)]
    ranked = ranked or list(range(choice.spec.cuts, 0, -1))
    steps = [ranked[0]]
    while shallower := [cut for cut in ranked if cut <= 0.75 * steps[-1]]:
        steps.append(shallower[0])
    return steps


def milliseconds(
    choice: Choice, engines: Path | None, progress: Callable[[str, float], None] | None
) -> float:
    """90th percentile of a few calls of a cut, one person."""
    engine, _ = open_chosen(choice, engines, progress=progress)
    try:
        return _timed(engine, choice, 90)
    finally:
        engine.close()


def _timed(engine: Engine, choice: Choice, percentile: float) -> float:
    side = choice.spec.input_size
    images = np.random.default_rng(0).random((1, 3, side, side), np.float32)
    seconds = []
    for _ in range(WARM_UP + TRIALS):
        start = perf_counter()
        engine(images)
        seconds.append(perf_counter() - start)
    return float(np.percentile(seconds[WARM_UP:], percentile)) * 1000
