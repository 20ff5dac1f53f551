"""A ladder of cuts, each opened once: what they take, the one to begin with, an engine in time."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import numpy as np

from edge3dpose.errors import BadInput
from edge3dpose.runtime import backends
from edge3dpose.runtime.governor import GovernedEngine, Governor
from edge3dpose.selection.defaults import cuts_by_error, with_cut
from edge3dpose.selection.engine import ensure_built
from edge3dpose.types import Engine, EngineConfig, Progress

# Few calls of each cut, in turn: a burst of other work then slows all of them, not one
ROUNDS, CALLS, WARM_UP = 3, 5, 2


def within_latency(
    config: EngineConfig,
    limit_ms: float,
    cuts: Sequence[int],
    engines: Path | None,
    progress: Progress | None = None,
    *,
    govern: bool,
) -> tuple[EngineConfig, Engine]:
    """Time a ladder now and take its best cut that is in time: 90 % of the calls, one person.

    cuts    the best first, as `ladder` gives them
    govern  keep all of them open: shallower ones for when it gets slow, deeper ones for when what
            made them slow just now has gone
    Raises BadInput where not even the last cut is quick enough.
    """
    with _closed_on_error(_opened(config, cuts, engines, progress)) as opened:
        took = _timed(config, opened)
        tried = ", ".join(f"cut {cut} {took[cut]['p90_ms']:.1f} ms" for cut in cuts)
        cut = next((cut for cut in cuts if took[cut]["p90_ms"] <= limit_ms), None)
        if cut is None:
            raise BadInput(
                f"no cut of {config.spec.name} on {config.backend} stays under {limit_ms:g} ms "
                f"here: {tried}"
            )
    why = (
        f"the best that stays under {limit_ms:g} ms here ({tried}); edge3dpose tune would know "
        "every cut and precision, and save this timing"
    )
    if govern:
        quiet_ms = {cut: took[cut]["p50_ms"] for cut in cuts}
        governor = Governor(quiet_ms, limit_ms, start=cut)
        return with_cut(config, cut, why), GovernedEngine(opened, governor)
    kept = opened.pop(cut)
    _close(opened)
    return with_cut(config, cut, why), kept


def governed(
    config: EngineConfig,
    limit_ms: float,
    quiet_ms: Mapping[int, float],
    engines: Path | None,
    progress: Progress | None = None,
) -> Engine:
    """The chosen cut and others whose times are known, as one engine that keeps the limit."""
    images = _people(config)
    with _closed_on_error(_opened(config, list(quiet_ms), engines, progress)) as opened:
        for engine in opened.values():  # a first call takes its time, and nobody shall wait for it
            engine(images)
    return GovernedEngine(opened, Governor(quiet_ms, limit_ms, start=config.cut))


def ladder(config: EngineConfig) -> list[int]:
    """The rungs of the model's cuts, ranked by the card, else by depth."""
    ranked = [cut for cut, _ in cuts_by_error(config.weights)]
    return rungs(ranked or range(config.spec.cuts, 0, -1))


def rungs(ranked: Sequence[int]) -> list[int]:
    """The best cut, then the best of the cuts that are at most 3/4 as deep, and so on to the last.

    ranked  cuts, the best first
    """
    steps = [ranked[0]]
    while shallower := [cut for cut in ranked if cut <= 0.75 * steps[-1]]:
        steps.append(shallower[0])
    shallowest = min(ranked)
    return steps if steps[-1] == shallowest else [*steps, shallowest]


def _opened(
    config: EngineConfig, cuts: Sequence[int], engines: Path | None, progress: Progress | None
) -> dict[int, Engine]:
    files = {cut: ensure_built(with_cut(config, cut, ""), engines, progress) for cut in cuts}
    backend = backends.find(config.backend)
    return backend.open_engines(files, config.spec, threads=config.threads)


@contextmanager
def _closed_on_error(opened: dict[int, Engine]) -> Iterator[dict[int, Engine]]:
    try:
        yield opened
    except BaseException:
        _close(opened)
        raise


def _close(opened: Mapping[int, Engine]) -> None:
    for engine in opened.values():
        engine.close()


def _timed(config: EngineConfig, opened: Mapping[int, Engine]) -> dict[int, dict[str, float]]:
    """p50_ms and p90_ms of each cut, on one person."""
    images, order = _people(config), random.Random(0)
    seconds: dict[int, list[float]] = {cut: [] for cut in opened}
    for _ in range(ROUNDS):
        for cut in order.sample(list(opened), len(opened)):
            times = [_seconds(opened[cut], images) for _ in range(WARM_UP + CALLS)]
            seconds[cut] += times[WARM_UP:]
    return {
        cut: {f"p{p}_ms": round(float(np.percentile(times, p)) * 1000, 3) for p in (50, 90)}
        for cut, times in seconds.items()
    }


def _seconds(engine: Engine, images: np.ndarray) -> float:
    start = perf_counter()
    engine(images)
    return perf_counter() - start


def _people(config: EngineConfig) -> np.ndarray:
    side = config.spec.input_size
    return np.random.default_rng(0).random((1, 3, side, side), np.float32)
