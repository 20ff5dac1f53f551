"""Engines to be measured: configs -> trials, built -> points, in ms and in distance from FP32."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from edge3dpose import machine, manifest
from edge3dpose.bench import timing
from edge3dpose.bench.lazy_engine import LazyEngine
from edge3dpose.bench.surroundings import around, opener
from edge3dpose.commands._progress import builds, steps
from edge3dpose.errors import AccuracyGateFailed
from edge3dpose.evaluation.all_heads import open_heads
from edge3dpose.manifest import Manifest
from edge3dpose.metrics import deviation_mm
from edge3dpose.selection import profile
from edge3dpose.selection.defaults import cuts_by_error
from edge3dpose.selection.engine import ensure_built, open_engine
from edge3dpose.selection.pareto import Point
from edge3dpose.types import Array, EngineConfig, ModelSpec, Weights

# What an open engine takes (a deep cut of sspnet-lite in OpenVINO); all may take half of the memory
ENGINE_GB = 0.08


@dataclass(frozen=True, slots=True)
class Trial:
    """An engine to be measured."""

    config: EngineConfig
    made: Manifest
    engine: LazyEngine


def built(configs: list[EngineConfig], engines: Path | None, people: Array) -> list[Trial]:
    """The engines, built where the cache has none; one too far from FP32 is left out and said."""
    trials, refused = [], ""
    with builds() as progress:
        for config in configs:
            try:
                path = ensure_built(config, engines, progress)
            except AccuracyGateFailed as error:
                refused = str(error)
                click.echo(f"left out: {error}", err=True)
                continue
            trials.append(_trial(config, manifest.read(path), engines, people))
    if not trials:
        raise AccuracyGateFailed(refused)
    return trials


def _trial(config: EngineConfig, made: Manifest, engines: Path | None, people: Array) -> Trial:
    return Trial(config, made, LazyEngine(lambda: open_engine(config, engines), people))


def measured(
    trials: list[Trial], weights: Weights, people: Array, plan: timing.Plan
) -> list[Point]:
    """Every engine alone, in turn, and how far it is from FP32 on the same people."""
    candidates = [timing.Candidate({}, trial.engine) for trial in trials]
    tensors = [people[n : n + 1] for n in range(len(people))]
    roomy = ENGINE_GB * len(trials) <= (machine.memory_gb() or 0.0) / 2
    with steps("timing", plan.rounds * len(trials)) as done:

        def next_one() -> None:
            if not roomy:
                _close(trials)
            done()

        timing.time_alone(candidates, tensors, plan, next_one)
    _close(trials)
    full = open_heads(weights)(people)  # (cuts, N, J, C)
    errors_mm = dict(cuts_by_error(weights))
    points = []
    for trial, candidate in zip(trials, candidates, strict=True):
        cut, said = trial.config.cut, trial.engine.said
        assert said is not None, "it was called"
        apart_mm = round(deviation_mm(said, full[cut - 1], weights.spec), 2)
        points.append(
            Point(
                cut=cut,
                backend=trial.config.backend,
                precision=trial.config.precision,
                backend_version=trial.made.backend_version,
                key=trial.made.key,
                p50_ms=_percentile_ms(candidate, 50),
                p90_ms=_percentile_ms(candidate, 90),
                deviation_mm=apart_mm,
                error_mm=profile.error_mm(cut, apart_mm, errors_mm),
            )
        )
    return points


def _percentile_ms(candidate: timing.Candidate, percentile: float) -> float:
    """The middle one of the rounds' figures: a burst of something else spoils one round."""
    rounds = [np.percentile(part, percentile) for part in candidate.alone_s]
    return round(float(np.median(rounds)) * 1000, 3)


def _close(trials: list[Trial]) -> None:
    for trial in trials:
        trial.engine.close()


def around_ms(trial: Trial, spec: ModelSpec) -> float:
    """What 90 % of the frames spend outside the engine: the loop of `run` over the sample.

    Waiting for a frame is not in it, nor is what is written or shown, nor the search for newcomers,
    a look every quarter of a second.
    """
    candidate = timing.Candidate({"precision": trial.config.precision}, trial.engine)
    surroundings = around(spec, opener("sample", fps=30))
    timing.time_whole([candidate], surroundings, timing.Plan(rounds=1), lambda: None)
    trial.engine.close()
    stages = timing.figures(candidate)["end_to_end"]["stages"]
    spent = sum(stages[name]["p90_ms"] for name in ("preprocess", "lift", "filter"))
    return round(spent + stages["detect"]["p50_ms"], 3)
