"""Cuts of falling depth, open at once: timed, the best within a limit chosen, governed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np

from edge3dpose.engine_types import Engine, EngineConfig
from edge3dpose.errors import BadInput
from edge3dpose.runtime.governor import GovernedEngine, Governor
from edge3dpose.selection.budget import Budget
from edge3dpose.selection.defaults import cuts_by_error, with_cut
from edge3dpose.selection.engine import open_engines
from edge3dpose.types import Array, Progress

# Few calls, in turn: what else the machine does then slows every cut, not one
ROUNDS, CALLS, WARM_UP = 3, 5, 2


def open_within_latency(
    config: EngineConfig,
    cuts: Sequence[int],
    budget: Budget,
    engines: Path | None = None,
    progress: Progress | None = None,
) -> tuple[EngineConfig, Engine]:
    """Time some cuts now and take the best that keeps the limit in 90 % of its calls.

    cuts    the best first, as ``ladder`` gives them
    budget  with a limit of latency. Where it governs, all cuts stay open: shallower ones for when
            the machine gets slower, deeper ones for when it gets faster again
    Raises BadInput where not even the last cut is fast enough.
    """
    limit_ms = budget.latency_ms
    assert limit_ms is not None, "there is a limit to keep"
    with _open_cuts(config, cuts, engines, progress) as opened:
        p50_ms, p90_ms = _time(opened, _random_images(config))
        tried = ", ".join(f"cut {cut} {p90_ms[cut]:.1f} ms" for cut in cuts)
        chosen = next((cut for cut in cuts if p90_ms[cut] <= limit_ms), None)
        if chosen is None:
            raise BadInput(
                f"no cut of {config.spec.name} on {config.backend} stays under {limit_ms:g} ms "
                f"here: {tried}"
            )
    config = with_cut(
        config,
        chosen,
        f"the best that stays under {limit_ms:g} ms here ({tried}); edge3dpose tune would know "
        "every cut and precision, and save this timing",
    )
    if budget.govern:
        quiet_ms = {cut: p50_ms[cut] for cut in cuts}
        return config, GovernedEngine(opened, Governor(quiet_ms, limit_ms, start=chosen))
    kept = opened.pop(chosen)
    _close(opened)
    return config, kept


def open_governed(
    config: EngineConfig,
    limit_ms: float,
    quiet_ms: Mapping[int, float],
    engines: Path | None = None,
    progress: Progress | None = None,
) -> Engine:
    """The chosen cut and others whose times are known, as one engine that keeps the limit.

    quiet_ms  cut -> ms of a call while the machine does nothing else
    """
    images = _random_images(config)
    with _open_cuts(config, list(quiet_ms), engines, progress) as opened:
        for engine in opened.values():  # a first call takes longer
            engine(images)
    return GovernedEngine(opened, Governor(quiet_ms, limit_ms, start=config.cut))


def ladder(config: EngineConfig) -> list[int]:
    """The model's cuts of falling depth, ranked by the error in the card, else by depth."""
    ranked = [cut for cut, _ in cuts_by_error(config.weights)]
    return falling_depth(ranked or range(config.spec.cuts, 0, -1))


def falling_depth(ranked: Sequence[int]) -> list[int]:
    """The best cut, then the best of those at most 3/4 as deep, and so on to the shallowest.

    ranked  cuts, the best first
    """
    steps = [ranked[0]]
    while shallower := [cut for cut in ranked if cut <= 0.75 * steps[-1]]:
        steps.append(shallower[0])
    shallowest = min(ranked)
    return steps if steps[-1] == shallowest else [*steps, shallowest]


@contextmanager
def _open_cuts(
    config: EngineConfig, cuts: Sequence[int], engines: Path | None, progress: Progress | None
) -> Iterator[dict[int, Engine]]:
    """Some cuts of a config, which are closed after an error."""
    opened = open_engines([replace(config, cut=cut) for cut in cuts], engines, progress)
    try:
        yield opened
    except BaseException:
        _close(opened)
        raise


def _close(opened: Mapping[int, Engine]) -> None:
    for engine in opened.values():
        engine.close()


def _time(opened: Mapping[int, Engine], images: Array) -> tuple[dict[int, float], dict[int, float]]:
    """The median and the 90th percentile of a call of each cut, ms."""
    order = random.Random(0)
    seconds: dict[int, list[float]] = {cut: [] for cut in opened}
    for _ in range(ROUNDS):
        for cut in order.sample(list(opened), len(opened)):
            for _ in range(WARM_UP):
                opened[cut](images)
            for _ in range(CALLS):
                start_s = perf_counter()
                opened[cut](images)
                seconds[cut].append(perf_counter() - start_s)
    p50, p90 = (
        {cut: 1000 * float(np.percentile(took, q)) for cut, took in seconds.items()}
        for q in (50, 90)
    )
    return p50, p90


def _random_images(config: EngineConfig) -> Array:
    side = config.spec.input_size
    return np.random.default_rng(0).random((1, 3, side, side), np.float32)
