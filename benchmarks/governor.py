"""The governor at work: real engines on the bundled clip, busy processes beside them in the middle.

    python benchmarks/governor.py --report benchmarks/governor-cpu.json --plot docs/governor.png

The clip is looped at --fps frames a second for three phases: quiet, --load processes that compute
without end, quiet. That is done twice, with the governor and with the first cut alone.
"""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from edge3dpose import machine
from edge3dpose.engine_types import Engine, EngineConfig, EngineRequest
from edge3dpose.records import from_json
from edge3dpose.reports import plots, rows
from edge3dpose.reports.governor_rows import GovernorReport
from edge3dpose.runtime.detectors import open_detector
from edge3dpose.runtime.estimator import Estimator
from edge3dpose.runtime.sources import open_source
from edge3dpose.selection.budget import Budget
from edge3dpose.selection.defaults import cuts_by_error, resolve
from edge3dpose.selection.engine import open_engine
from edge3dpose.selection.ladder import ladder, open_within_latency
from edge3dpose.types import Array

PHASES = ("quiet", "under load", "quiet again")
ROOM = 1.4  # deadline, in median calls of the best cut when nothing else runs
HOG = """
import os
begun_by = os.getppid()
while os.getppid() == begun_by:  # and not for ever, should that one be killed
    sum(range(1_000_000))
"""
FILE = click.Path(path_type=Path, dir_okay=False)
Call = dict[str, Any]


class Recorded(Engine):
    """An engine that notes when it was called, what it took and by which cut."""

    def __init__(self, engine: Engine, cut: Callable[[], int]) -> None:
        self._engine, self._cut = engine, cut
        self.calls: list[tuple[float, float, int]] = []  # begin and end in s, cut

    def __call__(self, images: Array) -> Array:
        begin_s = time.perf_counter()
        outputs = self._engine(images)
        self.calls.append((begin_s, time.perf_counter(), self._cut()))
        return outputs

    def close(self) -> None:
        self._engine.close()


@click.command()
@click.option("--model", default="sspnet-lite", show_default=True)
@click.option("--weights", type=FILE, help="ONNX file of your own, with its card beside it.")
@click.option("--precision", default="auto", show_default=True)
@click.option("--backend", default="auto", show_default=True)
@click.option("--threads", type=click.IntRange(min=1), help="Threads of a CPU backend.")
@click.option("--engines", type=click.Path(path_type=Path), help="Folder of built engines.")
@click.option("--deadline-ms", type=float, help=f"[default: {ROOM} calls of the best cut]")
@click.option("--phase-s", default=20.0, show_default=True)
@click.option("--fps", default=30.0, show_default=True)
@click.option("--load", type=int, help="Busy processes.  [default: one a core]")
@click.option("--report", type=FILE, required=True)
@click.option("--plot", type=FILE)
def main(
    engines: Path | None,
    deadline_ms: float | None,
    phase_s: float,
    fps: float,
    load: int | None,
    report: Path,
    plot: Path | None,
    **wanted: Any,
) -> None:
    """Run both ways, and write what the calls took."""
    if plot is not None:
        plots.require_matplotlib("--plot")
    config = resolve(EngineRequest(**wanted))
    load = machine.usable_cores() if load is None else load
    deadline_ms = deadline_ms or round(ROOM * _median_ms(config, engines), 1)
    budget = Budget(latency_ms=deadline_ms)
    chosen, governed = open_within_latency(config, ladder(config), budget, engines)
    content = machine.report_header("governor") | {
        "model": config.spec.name,
        "weights_sha256": config.weights.sha256,
        "backend": config.backend,
        "precision": config.precision,
        "threads": config.threads,
        "deadline_ms": deadline_ms,
        "error_mm": {str(cut): error_mm for cut, error_mm in cuts_by_error(config.weights)},
        "cuts": list(governed.cuts),
        "fps": fps,
        "load": load,
        "slowed": [[phase_s, 2 * phase_s]],
    }
    runs = {
        "calls": Recorded(governed, lambda: governed.last_cut),
        "calls_of_one_cut": Recorded(open_engine(chosen, engines), lambda: chosen.cut),
    }
    for name, engine in runs.items():
        with closing(engine):
            content[name] = _phases(config, engine, phase_s, fps, load)
        content["phases"] = content.get("phases", {}) | {name: _phase_rows(content, content[name])}
        for phase in content["phases"][name]:
            click.echo(f"{name}: {phase}")
    written = from_json(GovernorReport, content, "the new report")
    rows.save(written, report)
    if plot is not None:
        plots.save(plots.governor_chart(written), plot)


def _median_ms(config: EngineConfig, engines: Path | None) -> float:
    """A call of the best cut, alone."""
    side = config.spec.input_size
    images = np.random.default_rng(0).random((1, 3, side, side), np.float32)
    with closing(Recorded(open_engine(config, engines), lambda: config.cut)) as engine:
        for _ in range(60):
            engine(images)
        return 1000 * float(np.median([end - begin for begin, end, _ in engine.calls[10:]]))


def _phases(
    config: EngineConfig, engine: Recorded, phase_s: float, fps: float, load: int
) -> list[Call]:
    """The clip in a loop, a frame at a time, through the runtime's own finding and following."""
    searcher = open_detector("follow", bf16=config.precision == "bf16")
    follow = searcher.for_source(related=True, live=True)
    estimate = Estimator(config.spec, engine, follow)
    with closing(open_source("sample")) as source:
        frames = list(source)
    start_s = time.perf_counter()
    index = 0
    with closing(searcher), closing(estimate), _busy() as hogs:
        while (due_s := index / fps) < 3 * phase_s:
            hogs(load if phase_s <= due_s < 2 * phase_s else 0)
            time.sleep(max(0.0, start_s + due_s - time.perf_counter()))
            estimate(replace(frames[index % len(frames)], index=index, time_s=due_s))
            # as from a camera: what nobody took in time has gone
            index = max(index + 1, math.ceil((time.perf_counter() - start_s) * fps))
    return [
        {
            "time_s": round(begin_s - start_s, 4),
            "took_ms": round(1000 * (end_s - begin_s), 3),
            "cut": cut,
        }
        for begin_s, end_s, cut in engine.calls
    ]


@contextmanager
def _busy() -> Iterator[Callable[[int], None]]:
    """Sets how many processes compute beside this one; none is left behind."""
    running: list[subprocess.Popen] = []

    def be(count: int) -> None:
        while len(running) < count:
            running.append(subprocess.Popen([sys.executable, "-c", HOG]))
        while len(running) > count:
            ended = running.pop()
            ended.kill()
            ended.wait()

    try:
        yield be
    finally:
        be(0)


def _phase_rows(content: dict[str, Any], calls: list[Call]) -> list[dict[str, Any]]:
    """For each phase: how many calls were in time, what 95 % took, what error its cuts have."""
    begin_s, end_s = content["slowed"][0]
    edges = (0.0, begin_s, end_s, float("inf"))
    phases = []
    for name, low, high in zip(PHASES, edges[:-1], edges[1:], strict=True):
        inside = [call for call in calls if low <= call["time_s"] < high]
        took = np.array([call["took_ms"] for call in inside])
        errors = [content["error_mm"].get(str(call["cut"])) for call in inside]
        known = [error for error in errors if error is not None]
        cuts = [call["cut"] for call in inside]
        phases.append(
            {
                "phase": name,
                "calls": len(inside),
                "in_time": round(float((took <= content["deadline_ms"]).mean()), 4),
                "p50_ms": round(float(np.percentile(took, 50)), 3),
                "p95_ms": round(float(np.percentile(took, 95)), 3),
                "error_mm": round(float(np.mean(known)), 2) if known else None,
                "calls_by_cut": {str(cut): cuts.count(cut) for cut in sorted(set(cuts))},
                "changes": int(np.count_nonzero(np.diff(cuts))),
            }
        )
    return phases


if __name__ == "__main__":
    main()
