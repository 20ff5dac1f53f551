"""Every cut and precision timed once on this machine, kept as a profile: a request -> a profile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from edge3dpose import checks, machine, models
from edge3dpose.bench.candidates import Candidate, LazyEngine, deviations_mm, make_candidates
from edge3dpose.bench.energy import Meter
from edge3dpose.bench.plan import Plan
from edge3dpose.bench.timing import EndToEndRuns, EngineCalls, measure_in_turn
from edge3dpose.compiler import crops
from edge3dpose.compiler.engine_key import key_of
from edge3dpose.engine_types import PRECISIONS, Engine, EngineConfig, EngineRequest, Weights
from edge3dpose.errors import BadInput
from edge3dpose.pose import PoseEstimator
from edge3dpose.reports.rows import LeftOut
from edge3dpose.reports.tune_rows import TuneResult
from edge3dpose.runtime import backends
from edge3dpose.runtime.sources import open_source
from edge3dpose.selection import profile
from edge3dpose.selection.defaults import (
    best_backend,
    cuts_by_error,
    listed,
    resolve,
)
from edge3dpose.selection.engine import open_file
from edge3dpose.selection.pareto import Point
from edge3dpose.types import Array, Progress

PEOPLE = 16  # of the sample, on which every engine is timed
WARM_UP = 5  # calls of an engine, a round
# Memory of an open engine (a deep cut of sspnet-lite in OpenVINO); all may take half of the memory
ENGINE_GB = 0.08


@dataclass(frozen=True, slots=True)
class TuneRequest:
    """What ``tune`` measures; each field is described there."""

    model: str = "sspnet-lite"
    weights: str | Path | None = None
    cut: str | int = "all"
    precision: str = "auto"
    backend: str = "auto"
    engines: str | Path | None = None
    threads: int | None = None
    rounds: int = 3
    calls: int = 15


def tune(
    request: TuneRequest | None = None, *, progress: Progress | None = None, **options: Any
) -> TuneResult:
    """Time every cut and precision on this machine, once, and keep the result as a profile.

    ``PoseEstimator(max_latency_ms=..., max_error_mm=..., min_fps=...)`` and ``edge3dpose run`` then
    choose from the profile instead of timing. It holds for this machine, these weights and this
    number of threads; a new one replaces it.

    request   what to measure; None for the defaults
    progress  called with (what is done, share of it)
    options   fields of the request by name:

    model      name of a model, see ``edge3dpose.models.specs()``
    weights    ONNX file of your own with its card beside it; None for the shipped weights
    cut        a number, several with commas ("3,7"), or "all"
    precision  one or several with commas; "auto" for all that the backend supports here
    backend    one or several with commas, or "auto"
    engines    folder of built engines; None for the usual one
    threads    of a CPU backend; None for its own choice
    rounds     how often every engine is timed
    calls      of an engine, a round

    Returns a TuneResult: a point an engine with the median and 90 % of its calls (milliseconds),
    its deviation from FP32 and its error (millimetres), the profile's file, and the engines that
    are left out with reasons. Where the profile cannot be written, ``file`` is None and ``fault``
    says why.

    Raises BadInput for unknown names and for what is asked for and cannot be built, and
    AccuracyGateFailed where every engine is too far from FP32.

    Example::

        # takes minutes
        result = edge3dpose.tune(cut="3,7,11")
        for point in result.points:
            print(point.text, point.p90_ms, point.error_mm)
    """
    wanted = checks.request(TuneRequest, request, options)
    checks.function("progress", progress)
    plan = Plan(rounds=wanted.rounds, calls=wanted.calls, warm_up=WARM_UP)
    load_before = machine.load_average()
    spec = models.find(wanted.model)
    file = checks.file_name("weights", wanted.weights)
    weights = models.open_weights(spec, file)
    runners, unsupported = _runners(weights, wanted)
    cuts = models.parse_cuts(str(wanted.cut), spec)
    configs = [replace(runner, cut=cut) for runner in runners for cut in cuts]
    people = crops.from_source("sample", spec, PEOPLE)
    engines = checks.file_name("engines", wanted.engines)
    candidates, left_out = make_candidates(configs, engines, _lazily(people), progress)
    points = _points(candidates, people, plan, progress)
    fastest = candidates[points.index(min(points, key=lambda point: point.p50_ms))]
    other_ms = other_stages_ms(fastest)
    more = {"plan": asdict(plan), "load_average_before": load_before}
    stored, fault = None, ""
    try:
        stored = profile.save(profile.identity(weights, wanted.threads), points, other_ms, more)
    except BadInput as error:  # what was measured is not lost
        fault = str(error)
    return TuneResult(
        model=spec.name,
        points=tuple(points),
        other_stages_ms=other_ms,
        load_before=None if load_before is None else tuple(load_before),
        left_out=(*unsupported, *left_out),
        file=stored,
        fault=fault,
    )


def other_stages_ms(candidate: Candidate) -> float:
    """What 90 % of the frames of the sample spend outside the engine.

    Waiting for a frame does not count, nor do sinks, nor the search of the whole frame for people
    who come in, every quarter of a second.
    """
    engine = candidate.engine
    estimator = PoseEstimator.from_engine(candidate.config, engine)
    runs = EndToEndRuns(estimator, lambda: open_source("sample", 30.0))
    runs.measure(Plan(rounds=1), ())
    engine.close()
    timing = runs.timing()
    assert timing is not None
    stages = timing.stages
    p90_ms = sum(stages[name].p90_ms for name in ("preprocess", "lift", "filter"))
    return round(p90_ms + stages["detect"].p50_ms, 3)


def _runners(
    weights: Weights, wanted: TuneRequest
) -> tuple[list[EngineConfig], tuple[LeftOut, ...]]:
    """A config for every backend and precision, and those that ``auto`` cannot have here."""
    configs, left_out = [], []
    names = listed("--backend", wanted.backend, backends.names())
    auto = wanted.precision == "auto"
    for name in dict.fromkeys(best_backend()[0] if name == "auto" else name for name in names):
        offered: Sequence[str] = backends.find(name).tuned_precisions
        precisions = offered if auto else listed("--precision", wanted.precision, PRECISIONS)
        for precision in precisions:
            request = EngineRequest(
                weights.spec.name, weights.onnx, 1, precision, name, wanted.threads
            )
            config = resolve(request)
            try:
                key_of(config)
            except BadInput as error:
                if not auto:
                    raise
                left_out.append(LeftOut(cut=1, backend=name, precision=precision, why=str(error)))
            else:
                configs.append(config)
    return configs, tuple(left_out)


def _lazily(people: Array) -> Callable[[Path, EngineConfig], Engine]:
    return lambda file, config: LazyEngine(lambda: open_file(file, config), people)


class _ClosingCalls(EngineCalls):
    """Closes the engine after each round, so that one is open at a time."""

    def measure(self, plan: Plan, meters: Sequence[Meter]) -> None:
        super().measure(plan, meters)
        self.engine.close()


def _points(
    candidates: Sequence[Candidate], people: Array, plan: Plan, progress: Progress | None
) -> list[Point]:
    """Every engine timed alone, in turn, and its deviation from FP32 on the same people."""
    tensors = [people[n : n + 1] for n in range(len(people))]
    fits = ENGINE_GB * len(candidates) <= (machine.memory_gb() or 0.0) / 2
    kind = EngineCalls if fits else _ClosingCalls
    calls = [kind(one.engine, tensors) for one in candidates]
    measure_in_turn(calls, plan, progress=progress and (lambda share: progress("timing", share)))
    for one in candidates:
        one.engine.close()
    errors_mm = dict(cuts_by_error(candidates[0].config.weights))
    deviations = deviations_mm(candidates, _outputs, people)
    return [
        Point(
            cut=one.config.cut,
            backend=one.config.backend,
            precision=one.config.precision,
            backend_version=one.manifest.backend_version,
            key=one.manifest.key,
            p50_ms=_percentile_ms(timed, 50),
            p90_ms=_percentile_ms(timed, 90),
            deviation_mm=mm,
            error_mm=profile.error_mm(one.config.cut, mm, errors_mm),
        )
        for one, timed, mm in zip(candidates, calls, deviations, strict=True)
    ]


def _outputs(engine: Engine) -> Array:
    assert isinstance(engine, LazyEngine)
    assert engine.outputs is not None, "it was called"
    return engine.outputs


def _percentile_ms(calls: EngineCalls, percentile: float) -> float:
    """The median of the rounds' percentiles: a burst of other work spoils one round only."""
    rounds = [np.percentile(seconds, percentile) for seconds in calls.rounds_s]
    return round(float(np.median(rounds)) * 1000, 3)
