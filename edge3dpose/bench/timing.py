"""Engines in turn over the same real frames -> how long each takes, alone and end to end.

Alone is one call with one person's tensor ready. End to end is the loop that `run` uses: reading
the source, detecting and following, cropping, engine, lift and filter; without sinks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from edge3dpose.bench.energy import Meter, spent
from edge3dpose.bench.plan import Plan, in_turn
from edge3dpose.camera import Lens
from edge3dpose.runtime.clock import StageClock
from edge3dpose.runtime.detectors import Detector
from edge3dpose.runtime.estimator import Estimator
from edge3dpose.runtime.filters import Filter
from edge3dpose.runtime.pipeline import Pipeline, Summary
from edge3dpose.runtime.sinks import Sink
from edge3dpose.runtime.sources import Source
from edge3dpose.types import Array, Engine, ModelSpec

PERCENTILES = (50, 90, 95, 99)

Step = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An engine to be timed and what it is called in the report."""

    facts: dict
    engine: Engine
    alone_s: list[NDArray[np.float64]] = field(default_factory=list)  # an entry a round
    whole: list[tuple[Summary, StageClock]] = field(default_factory=list)
    alone_j: list[dict[str, float]] = field(default_factory=list)  # by meter, an entry a round
    whole_j: list[dict[str, float]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All that is around an engine end to end, opened anew for each round."""

    spec: ModelSpec
    source: Callable[[], Source]
    detector: Callable[[bool, bool], Detector]  # told whether frames are related; in BF16 or not
    filters: Callable[[], Sequence[Filter]]
    lens: Lens


def time_alone(
    candidates: Sequence[Candidate],
    tensors: Sequence[Array],
    plan: Plan,
    step: Step,
    *,
    meters: Sequence[Meter] = (),
) -> None:
    """Call each engine on prepared tensors (1, 3, S, S), round by round."""

    def fewest() -> int:
        return plan.calls * min(len(candidate.alone_s) for candidate in candidates)

    for shuffled in in_turn(candidates, plan, fewest):
        for candidate in shuffled:
            for n in range(plan.warm_up):
                candidate.engine(tensors[n % len(tensors)])
            with spent(meters) as joules:
                candidate.alone_s.append(_calls(candidate.engine, tensors, plan.calls))
            candidate.alone_j.append(joules)
            step()


def _calls(engine: Engine, tensors: Sequence[Array], calls: int) -> NDArray[np.float64]:
    seconds = np.empty(calls)
    for n in range(calls):
        tensor = tensors[n % len(tensors)]
        start = perf_counter()
        engine(tensor)
        seconds[n] = perf_counter() - start
    return seconds


def time_whole(
    candidates: Sequence[Candidate],
    around: Surroundings,
    plan: Plan,
    step: Step,
    *,
    meters: Sequence[Meter] = (),
    beside: Sequence[Step] = (),
) -> None:
    """Run each engine in the real loop over the whole source, round by round.

    beside  what else is visited in each round, in its turn: a peer over the same source
    """

    def fewest() -> int:
        frames = ([summary.processed for summary, _ in done.whole] for done in candidates)
        return min(sum(counts) for counts in frames)

    ours = (partial(_visit, candidate, around, plan, meters) for candidate in candidates)
    visits: list[Step] = [*ours, *beside]
    for shuffled in in_turn(visits, plan, fewest):
        for visit in shuffled:
            visit()
            step()


def _visit(candidate: Candidate, around: Surroundings, plan: Plan, meters: Sequence[Meter]) -> None:
    bf16 = candidate.facts.get("precision") == "bf16"
    loop(candidate.engine, around, plan.warm_up, bf16=bf16)
    with spent(meters) as joules:
        candidate.whole.append(loop(candidate.engine, around, plan.frames, bf16=bf16))
    candidate.whole_j.append(joules)


def loop(
    engine: Engine,
    around: Surroundings,
    frames: int | None,
    sinks: Sequence[Sink] = (),
    *,
    bf16: bool = False,
) -> tuple[Summary, StageClock]:
    """The loop that `run` uses, once over the source.

    bf16  whether people are found in BF16, as `run` has it where the engine computes in it
    """
    clock = StageClock(keep=None)
    source = around.source()
    detect = around.detector(source.related, bf16)
    estimate = Estimator(around.spec, engine, detect, clock=clock, follows=source.related)
    filters = around.filters() if source.related else ()
    stages = Pipeline(source, estimate, filters, around.lens, clock=clock)
    return stages.run(sinks, max_frames=frames), clock


def figures(candidate: Candidate) -> dict:
    """What the report says of a candidate: its facts and what was measured."""
    row = dict(candidate.facts)
    if candidate.alone_s:
        row["engine"] = statistics(np.concatenate(candidate.alone_s))
        row["engine"]["rounds_p50_ms"] = [_ms(np.median(part)) for part in candidate.alone_s]
        row["engine"]["mj_per_call"] = millijoules(candidate.alone_j, row["engine"]["n"])
    if candidate.whole:
        row["end_to_end"] = _whole(candidate.whole)
        frames = row["end_to_end"]["frames_processed"]
        row["end_to_end"]["mj_per_frame"] = millijoules(candidate.whole_j, frames)
    return row


def millijoules(joules: Sequence[dict[str, float]], times: int) -> dict[str, float] | None:
    """Energy of one call or frame by meter; None where the machine has no counter."""
    meters = dict.fromkeys(name for part in joules for name in part)
    if not meters or not times:
        return None
    return {name: round(sum(part[name] for part in joules) / times * 1e3, 3) for name in meters}


def _whole(runs: Sequence[tuple[Summary, StageClock]]) -> dict:
    processed = sum(summary.processed for summary, _ in runs)
    elapsed_s = sum(summary.elapsed_s for summary, _ in runs)
    stages = dict.fromkeys(name for _, clock in runs for name in clock.stages())
    times = {
        name: statistics(np.concatenate([clock.seconds(name) for _, clock in runs]))
        for name in stages
    }
    return {
        "frames_offered": sum(summary.offered for summary, _ in runs),
        "frames_processed": processed,
        "frames_dropped": sum(summary.dropped for summary, _ in runs),
        "frames_with_people": sum(summary.with_people for summary, _ in runs),
        "oldest_result_ms": _ms(max(summary.oldest_s for summary, _ in runs)),
        "fps": round(processed / elapsed_s, 2) if elapsed_s else 0.0,
        "rounds_fps": [round(summary.fps, 2) for summary, _ in runs],
        "frame": times.pop("frame", None),
        "stages": times,
    }


def statistics(seconds: NDArray[np.float64]) -> dict:
    """Count, mean, least, percentiles in ms, and how many fit into a second on average."""
    if not len(seconds):
        return {"n": 0}
    cuts = np.percentile(seconds, PERCENTILES)
    return {
        "n": len(seconds),
        "fps": round(1 / float(seconds.mean()), 2),
        "mean_ms": _ms(seconds.mean()),
        "min_ms": _ms(seconds.min()),
        **{f"p{p}_ms": _ms(value) for p, value in zip(PERCENTILES, cuts, strict=True)},
    }


def _ms(seconds: float | np.floating) -> float:
    return round(float(seconds) * 1000, 3)
