"""What edge3dpose tune does, apart from its options, so that --help stays light."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import click

from edge3dpose import manifest, models, rooms
from edge3dpose.bench import machine, profile, timing
from edge3dpose.bench.deviation import deviation_mm
from edge3dpose.bench.heads import open_heads
from edge3dpose.bench.on_demand import OnDemand
from edge3dpose.bench.pareto import Point
from edge3dpose.camera import open_lens
from edge3dpose.commands._engine import (
    BACKENDS,
    GPU_PACKAGES,
    Choice,
    best_backend,
    choose,
    cuts_by_error,
    ensure_built,
    listed,
    open_chosen,
)
from edge3dpose.commands._progress import builds, steps
from edge3dpose.commands._tuned import show
from edge3dpose.compiler import crops
from edge3dpose.compiler.order import place_order
from edge3dpose.errors import AccuracyGateFailed, BadInput
from edge3dpose.manifest import Manifest
from edge3dpose.runtime.sources import open_source
from edge3dpose.types import PRECISIONS, Array, ModelSpec, Precision, Weights

PEOPLE = 16  # of the sample, that every engine sees
OFFERED: dict[bool, tuple[Precision, ...]] = {  # whether on a GPU -> what --precision auto tries
    True: ("fp16", "int8"),
    False: tuple(precision for precision in PRECISIONS if precision != "fp16"),
}


@dataclass(frozen=True, slots=True)
class Trial:
    """An engine to be measured."""

    choice: Choice
    made: Manifest
    engine: OnDemand


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
    spec = models.find(model)
    opened = models.open_weights(spec, weights)
    ways = _ways(opened, precision, backend, threads)
    cuts = models.parse_cuts(cut, spec)
    choices = [replace(way, cut=k) for way in ways for k in cuts]
    people = crops.from_source("sample", spec, PEOPLE)
    trials = _built(choices, engines, people)
    plan = timing.Plan(rounds=rounds, calls=calls, warm_up=5)
    load_before = machine.load_average()
    points = _measured(trials, opened, people, plan)
    around_ms = _around_ms(trials[points.index(min(points, key=lambda one: one.p50_ms))], spec)
    more = {"plan": asdict(plan), "load_average_before": load_before}
    file = profile.save(profile.identity(opened, threads), points, around_ms, more)
    show(spec.name, points, around_ms, load_before)
    click.echo(f"wrote {file}")


def _ways(weights: Weights, precision: str, backend: str, threads: int | None) -> list[Choice]:
    """A choice for every backend and precision; what an `auto` cannot have is left out and said."""
    ways = []
    for name in listed("--backend", backend, BACKENDS):
        name = best_backend()[0] if name == "auto" else name
        offered = OFFERED[name in GPU_PACKAGES]
        asked = offered if precision == "auto" else listed("--precision", precision, PRECISIONS)
        for one in asked:
            choice = choose(
                model=weights.spec.name,
                weights=weights.onnx,
                cut="1",
                precision=one,
                backend=name,
                threads=threads,
            )
            try:
                place_order(weights, 1, choice.precision, name)
            except BadInput as error:
                if precision != "auto":
                    raise
                click.echo(f"left out: {error}", err=True)
            else:
                ways.append(choice)
    return ways


def _built(choices: list[Choice], engines: Path | None, people: Array) -> list[Trial]:
    """The engines, built where the cache has none; one too far from FP32 is left out and said."""
    trials, refused = [], ""
    with builds() as progress:
        for choice in choices:
            try:
                path = ensure_built(choice, engines, progress=progress)
            except AccuracyGateFailed as error:
                refused = str(error)
                click.echo(f"left out: {error}", err=True)
                continue
            trials.append(_trial(choice, manifest.read(path), engines, people))
    if not trials:
        raise AccuracyGateFailed(refused)
    return trials


def _trial(choice: Choice, made: Manifest, engines: Path | None, people: Array) -> Trial:
    return Trial(choice, made, OnDemand(lambda: open_chosen(choice, engines)[0], people))


def _measured(
    trials: list[Trial], weights: Weights, people: Array, plan: timing.Plan
) -> list[Point]:
    """Every engine alone, in turn, and how far it is from FP32 on the same people."""
    candidates = [timing.Candidate({}, trial.engine) for trial in trials]
    tensors = [people[n : n + 1] for n in range(len(people))]
    with steps("timing", plan.rounds * len(trials)) as done:

        def next_one() -> None:
            for trial in trials:
                trial.engine.close()
            done()

        timing.time_alone(candidates, tensors, plan, next_one)
    full = open_heads(weights)(people)  # (cuts, N, J, 4)
    errors_mm = dict(cuts_by_error(weights))
    points = []
    for trial, candidate in zip(trials, candidates, strict=True):
        cut, said = trial.choice.cut, trial.engine.said
        assert said is not None, "it was called"
        took = timing.figures(candidate)["engine"]
        apart_mm = round(deviation_mm(said, full[cut - 1], weights.spec), 2)
        points.append(
            Point(
                cut=cut,
                backend=trial.choice.backend,
                precision=trial.choice.precision,
                backend_version=trial.made.backend_version,
                key=trial.made.key,
                p50_ms=took["p50_ms"],
                p90_ms=took["p90_ms"],
                deviation_mm=apart_mm,
                error_mm=profile.error_mm(cut, apart_mm, errors_mm),
            )
        )
    return points


def _around_ms(trial: Trial, spec: ModelSpec) -> float:
    """What 90 % of the frames spend outside the engine: the loop of `run` over the sample.

    Waiting for a frame is not in it, nor is what is written or shown, nor the search for newcomers,
    once a second.
    """
    follow = rooms.load("runtime.detectors", "follow")
    finder = rooms.load("runtime.detectors", "blazepose").open_detector()
    one_euro = rooms.load("runtime.filters", "one-euro")
    candidate = timing.Candidate({}, trial.engine)
    around = timing.Surroundings(
        spec,
        source=lambda: open_source("sample"),
        detector=lambda related: follow.open_detector(finder),
        filters=lambda: [one_euro.open_filter()],
        lens=open_lens(),
    )
    timing.time_whole([candidate], around, timing.Plan(rounds=1), lambda: None)
    trial.engine.close()
    stages = timing.figures(candidate)["end_to_end"]["stages"]
    spent = sum(stages[name]["p90_ms"] for name in ("preprocess", "lift", "filter"))
    return round(spent + stages["detect"]["p50_ms"], 3)
