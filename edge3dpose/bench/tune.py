"""What edge3dpose tune does, apart from its options, so that --help stays light."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import click

from edge3dpose import machine, models
from edge3dpose.bench import timing
from edge3dpose.bench.trials import around_ms, built, measured
from edge3dpose.compiler import crops
from edge3dpose.compiler.order import place_order
from edge3dpose.errors import BadInput
from edge3dpose.reports.tune_tables import show
from edge3dpose.runtime import backends
from edge3dpose.selection import profile
from edge3dpose.selection.defaults import (
    best_backend,
    listed,
    resolve,
)
from edge3dpose.types import PRECISIONS, EngineConfig, EngineRequest, Weights

PEOPLE = 16  # of the sample, that every engine sees


def tune(
    *,
    model: str,
    weights: Path | None,
    cut: str,
    precision: str,
    backend: str,
    engines: Path | None,
    threads: int | None,
    rounds: int,
    calls: int,
) -> None:
    """See the command's help."""
    load_before = machine.load_average()
    spec = models.find(model)
    opened = models.open_weights(spec, weights)
    ways = _ways(opened, precision, backend, threads)
    cuts = models.parse_cuts(cut, spec)
    configs = [replace(way, cut=k) for way in ways for k in cuts]
    people = crops.from_source("sample", spec, PEOPLE)
    trials = built(configs, engines, people)
    plan = timing.Plan(rounds=rounds, calls=calls, warm_up=5)
    points = measured(trials, opened, people, plan)
    quickest = trials[points.index(min(points, key=lambda one: one.p50_ms))]
    spent_ms = around_ms(quickest, spec)
    more = {"plan": asdict(plan), "load_average_before": load_before}
    file = profile.save(profile.identity(opened, threads), points, spent_ms, more)
    show(spec.name, points, spent_ms, load_before)
    click.echo(f"wrote {file}")


def _ways(
    weights: Weights, precision: str, backend: str, threads: int | None
) -> list[EngineConfig]:
    """A config for every backend and precision; what an `auto` cannot have is left out and said."""
    ways = []
    names = listed("--backend", backend, backends.names())
    for name in dict.fromkeys(best_backend()[0] if name == "auto" else name for name in names):
        offered = backends.find(name).tuned_precisions
        asked = offered if precision == "auto" else listed("--precision", precision, PRECISIONS)
        for one in asked:
            request = EngineRequest(weights.spec.name, weights.onnx, 1, one, name, threads)
            config = resolve(request)
            try:
                place_order(weights, 1, config.precision, name)
            except BadInput as error:
                if precision != "auto":
                    raise
                click.echo(f"left out: {error}", err=True)
            else:
                ways.append(config)
    return ways
