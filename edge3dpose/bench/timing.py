"""Engines in turn over the same real frames -> how long each takes, alone and end to end.

Alone is one call with one person's tensor ready. End to end is the loop that `run` uses: reading
the source, detecting and following, cropping, engine, lift and filter; without sinks.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from edge3dpose.camera import Lens
from edge3dpose.runtime import pipeline
from edge3dpose.runtime.clock import StageClock
from edge3dpose.runtime.detectors import Detector
from edge3dpose.runtime.estimator import Estimator
from edge3dpose.runtime.filters import Filter
from edge3dpose.runtime.pipeline import Summary
from edge3dpose.runtime.sources import Source
from edge3dpose.types import Array, Engine, ModelSpec

PERCENTILES = (50, 90, 95, 99)

Step = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured. A round visits every engine once, in an order of its own."""

    rounds: int = 3
    calls: int = 50  # of an engine alone, a round
    warm_up: int = 10  # calls or frames before those that count
    frames: int | None = None  # end to end, a round; None for the whole source


@dataclass(frozen=True, slots=True)
class Candidate:
    """An engine to be timed and what it is called in the report."""

    facts: dict
    engine: Engine
    alone_s: list[NDArray[np.float64]] = field(default_factory=list)  # an entry a round
    whole: list[tuple[Summary, StageClock]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All that is around an engine end to end, opened anew for each round."""

    spec: ModelSpec
    source: Callable[[], Source]
    detector: Callable[[bool], Detector]  # told whether frames follow one another
    filters: Callable[[], Sequence[Filter]]
    lens: Lens


def time_alone(
    candidates: Sequence[Candidate], tensors: Sequence[Array], plan: Plan, step: Step
) -> None:
    """Call each engine on prepared tensors (1, 3, S, S), round by round."""
    for shuffled in _rounds(candidates, plan.rounds):
        for candidate in shuffled:
            for n in range(plan.warm_up):
                candidate.engine(tensors[n % len(tensors)])
            seconds = np.empty(plan.calls)
            for n in range(plan.calls):
                tensor = tensors[n % len(tensors)]
                start = perf_counter()
                candidate.engine(tensor)
                seconds[n] = perf_counter() - start
            candidate.alone_s.append(seconds)
            step()


def time_whole(
    candidates: Sequence[Candidate], around: Surroundings, plan: Plan, step: Step
) -> None:
    """Run each engine in the real loop over the whole source, round by round."""
    for shuffled in _rounds(candidates, plan.rounds):
        for candidate in shuffled:
            _run(candidate, around, plan.warm_up)
            candidate.whole.append(_run(candidate, around, plan.frames))
            step()


def _run(
    candidate: Candidate, around: Surroundings, frames: int | None
) -> tuple[Summary, StageClock]:
    clock = StageClock(keep=None)
    source = around.source()
    detect = around.detector(source.related)
    estimate = Estimator(around.spec, candidate.engine, detect, clock=clock, follows=source.related)
    summary = pipeline.run(
        source,
        estimate,
        clock=clock,
        filters=around.filters() if source.related else (),
        lens=around.lens,
        max_frames=frames,
    )
    return summary, clock


def _rounds(candidates: Sequence[Candidate], rounds: int) -> list[list[Candidate]]:
    # In turn and shuffled: what else the machine does falls on all engines alike
    order = random.Random(0)
    return [order.sample(list(candidates), len(candidates)) for _ in range(rounds)]


def figures(candidate: Candidate) -> dict:
    """What the report says of a candidate: its facts and what was measured."""
    row = dict(candidate.facts)
    if candidate.alone_s:
        row["engine"] = statistics(np.concatenate(candidate.alone_s))
        row["engine"]["rounds_p50_ms"] = [_ms(np.median(part)) for part in candidate.alone_s]
    if candidate.whole:
        row["end_to_end"] = _whole(candidate.whole)
    return row


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
