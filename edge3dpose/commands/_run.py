"""What edge3dpose run does, apart from its options, so that --help stays light."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from edge3dpose import plugins
from edge3dpose.bench.surroundings import opener
from edge3dpose.camera import open_lens
from edge3dpose.commands._outputs import Outputs, facts_of, height_of, open_sinks
from edge3dpose.commands._progress import builds, frames_done
from edge3dpose.errors import BadInput
from edge3dpose.runtime import pipeline
from edge3dpose.runtime.clock import StageClock
from edge3dpose.runtime.estimator import Estimator
from edge3dpose.runtime.filters import Filter
from edge3dpose.runtime.flip_test import FlipTestEngine
from edge3dpose.runtime.governor import GovernedEngine
from edge3dpose.runtime.sources import Source
from edge3dpose.selection.budget import Budget
from edge3dpose.selection.defaults import resolve
from edge3dpose.selection.select import open_within
from edge3dpose.types import EngineConfig, EngineRequest


def run_command(
    *,
    camera: int | None,
    source: str | None,
    model: str,
    weights: Path | None,
    cut: str,
    precision: str,
    backend: str,
    engines: Path | None,
    threads: int | None,
    max_latency_ms: float | None,
    max_error_mm: float | None,
    govern: bool,
    **options: Any,
) -> None:
    """See the command's help."""
    lens = open_lens(options["fov"], options["intrinsics"])
    options["height_mm"] = height_of(options)
    budget = Budget(cut, precision, backend, max_latency_ms, max_error_mm, govern=govern)
    budget.check()
    if options["mirror"] and max_latency_ms is not None:
        raise BadInput("--mirror calls the engine twice, --max-latency-ms is of one call: take one")
    config = resolve(EngineRequest(model, weights, cut, precision, backend, threads))
    with _opened(camera, source) as frames:
        outputs = Outputs.of(frames, options)
        budget = replace(budget, fps=frames.fps if frames.live and not options["mirror"] else None)
        with builds() as progress:
            config, engine = open_within(config, budget, engines, progress)
        for reason in config.why:
            click.echo(reason, err=True)
        try:
            seeing = FlipTestEngine(engine, config.spec.skeleton) if options["mirror"] else engine
            summary = _run(frames, seeing, config, lens, outputs, options)
        finally:
            engine.close()
    _report(frames, summary, outputs)
    if isinstance(engine, GovernedEngine):
        counts = sorted(engine.calls_by_cut.items())
        click.echo(f"calls by cut: {', '.join(f'{cut}: {n}' for cut, n in counts)}", err=True)


@contextmanager
def _opened(camera: int | None, source: str | None) -> Iterator[Source]:
    if (camera is None) == (source is None):
        raise click.UsageError("give one of --camera N and --source FILE|DIR|URL|sample")
    opened = opener(source, camera)()
    try:
        yield opened
    finally:
        opened.close()


def _run(
    source: Source,
    engine: Any,
    config: EngineConfig,
    lens: Any,
    outputs: Outputs,
    options: dict[str, Any],
) -> pipeline.Summary:
    clock = StageClock()
    # unrelated pictures cannot be followed: look at each of them anew
    detector = options["detector"] if source.related else _unrelated(options["detector"])
    estimate = Estimator(
        config.spec,
        engine,
        plugins.load("runtime.detectors", detector).open_detector(bf16=config.precision == "bf16"),
        clock=clock,
        follows=source.related,
    )
    smooth = options["smooth"] and source.related
    filters = _filters(smooth, options)
    sinks = open_sinks(source, config, outputs, smooth, options)
    with _ctrl_c_on_sigterm(), frames_done(source.frames, options["max_frames"]) as each:
        stages = pipeline.Pipeline(source, estimate, filters, lens, facts_of(source, engine), clock)
        return stages.run(sinks, max_frames=options["max_frames"], on_frame=each)


def _filters(smooth: bool, options: dict[str, Any]) -> list[Filter]:
    """In this order: places, depths of the joints, smoothing."""
    filters: list[Filter] = []
    if height_mm := options["height_mm"]:
        filters.append(plugins.load("runtime.filters", "body-height").open_filter(height_mm))
    if options["bones"]:
        filters.append(plugins.load("runtime.filters", "bone-length").open_filter())
    if smooth:
        filters.append(plugins.load("runtime.filters", "one-euro").open_filter())
    return filters


def _unrelated(detector: str) -> str:
    return "blazepose" if detector == "follow" else detector


@contextmanager
def _ctrl_c_on_sigterm() -> Iterator[None]:
    """A service that is stopped ends like one where somebody pressed Ctrl-C: files are finished."""

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _report(source: Source, summary: pipeline.Summary, outputs: Outputs) -> None:
    for path in (outputs.save, outputs.jsonl):
        if path and path.exists():
            click.echo(f"wrote {path}", err=True)
    line = f"{summary.processed} frames, {summary.fps:.1f} FPS, {summary.dropped} dropped"
    if source.live:
        line += f", oldest result {summary.oldest_s * 1000:.0f} ms"
    click.echo(line, err=True)
    if summary.fault:
        raise BadInput(summary.fault)
    if not summary.with_people and not summary.stopped:
        raise BadInput(
            f"nobody was found in any of {summary.processed} frames of {source.name}; "
            "people must be seen from head to knee at least, or pass --detector full-frame"
        )
