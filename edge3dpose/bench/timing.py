"""Engines in turn over the same real frames: how long each takes, alone and end to end.

Alone is one call with one person's tensor ready in memory. End to end is PoseEstimator.run, the
loop of `edge3dpose run`: reading the source, detecting and following, cropping, engine, lift and
filter; without sinks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from time import perf_counter
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge3dpose.bench.energy import Meter, spent
from edge3dpose.bench.mosaic import Mosaic
from edge3dpose.bench.plan import Plan, in_turn
from edge3dpose.engine_types import Engine
from edge3dpose.pose import PoseEstimator
from edge3dpose.reports.rows import (
    MOST_MS,
    CrowdTiming,
    EndToEndTiming,
    EngineTiming,
    FrameTiming,
    TimingStats,
)
from edge3dpose.runtime.clock import StageClock
from edge3dpose.runtime.pipeline import Summary
from edge3dpose.runtime.sources import Source
from edge3dpose.types import Array, Image


class Measured(Protocol):
    """What is measured in rounds."""

    def measure(self, plan: Plan, meters: Sequence[Meter]) -> None:
        """One round: the warm-up, then what counts."""
        ...

    @property
    def count(self) -> int:
        """Calls or frames measured so far."""
        ...


def measure_in_turn(
    items: Sequence[Measured],
    plan: Plan,
    *,
    meters: Sequence[Meter] = (),
    progress: Callable[[float], None] | None = None,
) -> None:
    """Measure all items round by round until the plan is fulfilled."""

    def fewest() -> int:
        return min(item.count for item in items)

    for item in in_turn(items, plan, fewest, progress):
        item.measure(plan, meters)


class EngineCalls:
    """Calls of an engine alone, on tensors (1, 3, S, S) in turn."""

    def __init__(self, engine: Engine, tensors: Sequence[Array]) -> None:
        self.engine, self._tensors = engine, tensors
        self.rounds_s: list[NDArray[np.float64]] = []  # seconds of each call, an array a round
        self._joules: list[dict[str, float]] = []  # by meter, an entry a round

    def measure(self, plan: Plan, meters: Sequence[Meter]) -> None:
        """One round."""
        for n in range(plan.warm_up):
            self.engine(self._tensors[n % len(self._tensors)])
        with spent(meters) as joules:
            self.rounds_s.append(self._timed(plan.calls))
        self._joules.append(joules)

    @property
    def count(self) -> int:
        """Calls measured so far."""
        return sum(len(seconds) for seconds in self.rounds_s)

    def timing(self) -> EngineTiming | None:
        """What the calls of all rounds come to; None before the first one."""
        stats = statistics(np.concatenate(self.rounds_s)) if self.rounds_s else None
        if stats is None:
            return None
        return EngineTiming(
            **asdict(stats),
            rounds_p50_ms=tuple(_ms(np.median(seconds)) for seconds in self.rounds_s),
            mj_per_call=millijoules(self._joules, stats.n),
        )

    def _timed(self, calls: int) -> NDArray[np.float64]:
        engine, tensors = self.engine, self._tensors
        seconds = np.empty(calls)
        for n in range(calls):
            tensor = tensors[n % len(tensors)]
            start = perf_counter()
            engine(tensor)
            seconds[n] = perf_counter() - start
        return seconds


class EndToEndRuns:
    """Runs of an estimator over a source, which is opened anew for each."""

    def __init__(self, estimator: PoseEstimator, source: Callable[[], Source]) -> None:
        self._estimator, self._source = estimator, source
        self._runs: list[tuple[Summary, StageClock]] = []  # an entry a round
        self._joules: list[dict[str, float]] = []

    def measure(self, plan: Plan, meters: Sequence[Meter]) -> None:
        """One round."""
        self._run(plan.warm_up)
        with spent(meters) as joules:
            self._runs.append(self._run(plan.frames))
        self._joules.append(joules)

    @property
    def count(self) -> int:
        """Frames measured so far."""
        return sum(summary.processed for summary, _ in self._runs)

    def timing(self) -> EndToEndTiming | None:
        """What the runs of all rounds come to; None before the first one."""
        if not self._runs:
            return None
        summaries = [summary for summary, _ in self._runs]
        elapsed_s = sum(summary.elapsed_s for summary in summaries)
        stages = self._stages()
        return EndToEndTiming(
            frames_offered=sum(summary.offered for summary in summaries),
            frames_processed=self.count,
            frames_dropped=sum(summary.dropped for summary in summaries),
            frames_with_people=sum(summary.with_people for summary in summaries),
            oldest_result_ms=_ms(max(summary.oldest_s for summary in summaries)),
            fps=round(self.count / elapsed_s, 2) if elapsed_s else 0.0,
            rounds_fps=tuple(round(summary.fps, 2) for summary in summaries),
            frame=frame_statistics(self._seconds("frame")),
            stages=stages,
            mj_per_frame=millijoules(self._joules, self.count),
        )

    def _run(self, frames: int | None) -> tuple[Summary, StageClock]:
        clock = StageClock(keep=None)
        summary = self._estimator.run(self._source(), max_frames=frames, clock=clock)
        return summary, clock

    def _stages(self) -> dict[str, TimingStats]:
        names = dict.fromkeys(name for _, clock in self._runs for name in clock.stages())
        found = {name: statistics(self._seconds(name)) for name in names if name != "frame"}
        return {name: stats for name, stats in found.items() if stats is not None}

    def _seconds(self, stage: str) -> NDArray[np.float64]:
        return np.concatenate([clock.seconds(stage) for _, clock in self._runs])


def crowd_timing(
    estimator: PoseEstimator, people: int, images: Sequence[Image], plan: Plan
) -> CrowdTiming:
    """The loop over a mosaic of so many people."""
    found: list[int] = []
    clock = StageClock(keep=None)
    # the first run is the warm-up: engines for several people may still be compiled in it
    estimator.run(Mosaic(images))
    summary = estimator.run(
        Mosaic(images, plan.frames),
        on_frame=lambda _, seen: found.append(len(seen)),
        clock=clock,
    )
    return CrowdTiming(
        people=people,
        found=round(float(np.mean(found)), 2),
        fps=round(summary.fps, 2),
        frame=frame_statistics(clock.seconds("frame")),
    )


def millijoules(joules: Sequence[dict[str, float]], times: int) -> dict[str, float] | None:
    """Energy of one call or frame by meter; None where the machine has no counter."""
    meters = dict.fromkeys(name for part in joules for name in part)
    if not meters or not times:
        return None
    return {name: round(sum(part[name] for part in joules) / times * 1e3, 3) for name in meters}


def statistics(seconds: NDArray[np.float64]) -> TimingStats | None:
    """Count, mean, least and percentiles; None where nothing was timed."""
    if not len(seconds):
        return None
    p50, p90, p95, p99 = np.percentile(seconds, (50, 90, 95, 99))
    return TimingStats(
        n=len(seconds),
        fps=round(1 / float(seconds.mean()), 2),
        mean_ms=_ms(seconds.mean()),
        min_ms=_ms(seconds.min()),
        p50_ms=_ms(p50),
        p90_ms=_ms(p90),
        p95_ms=_ms(p95),
        p99_ms=_ms(p99),
    )


def frame_statistics(seconds: NDArray[np.float64]) -> FrameTiming | None:
    """The statistics of frames, with a count for each millisecond."""
    found = statistics(seconds)
    if found is None:
        return None
    counts = np.bincount(np.minimum(seconds * 1000, MOST_MS).astype(int))
    return FrameTiming(**asdict(found), by_ms=tuple(int(count) for count in counts))


def _ms(seconds: float | np.floating) -> float:
    return round(float(seconds) * 1000, 3)
