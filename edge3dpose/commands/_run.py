"""What edge3dpose run does, apart from its options, so that --help stays light."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from edge3dpose.bench.surroundings import opener
from edge3dpose.camera import open_lens
from edge3dpose.commands._outputs import facts_of, open_sinks
from edge3dpose.commands._progress import builds, frames_done
from edge3dpose.errors import BadInput
from edge3dpose.runtime import filters, pipeline, sinks
from edge3dpose.runtime.clock import StageClock
from edge3dpose.runtime.detectors import open_detector
from edge3dpose.runtime.estimator import Estimator
from edge3dpose.runtime.flip_test import FlipTestEngine
from edge3dpose.runtime.governor import GovernedEngine
from edge3dpose.runtime.sinks import Sink
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
    filters.check(options)
    budget = Budget(cut, precision, backend, max_latency_ms, max_error_mm, govern=govern)
    budget.check()
    if options["mirror"] and max_latency_ms is not None:
        raise BadInput("--mirror calls the engine twice, --max-latency-ms is of one call: take one")
    config = resolve(EngineRequest(model, weights, cut, precision, backend, threads))
    with _opened(camera, source) as frames:
        outputs = sinks.with_default_output(options, frames.name, live=frames.live)
        sinks.check(outputs, frames.name)
        budget = replace(budget, fps=frames.fps if frames.live and not options["mirror"] else None)
        with builds() as progress:
            config, engine = open_within(config, budget, engines, progress)
        for reason in config.why:
            click.echo(reason, err=True)
        try:
            seeing = FlipTestEngine(engine, config.spec.skeleton) if options["mirror"] else engine
            summary, written = _run(frames, seeing, config, lens, outputs, options)
        finally:
            engine.close()
    _report(frames, summary, written)
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
    outputs: dict[str, Any],
    options: dict[str, Any],
) -> tuple[pipeline.Summary, list[Sink]]:
    clock = StageClock()
    detector = open_detector(options["detector"], bf16=config.precision == "bf16")
    detector = detector.for_source(related=source.related)
    estimate = Estimator(config.spec, engine, detector, clock=clock, follows=source.related)
    opened = filters.open_all(options, related=source.related)
    outlets = open_sinks(source, config, options, outputs)
    with _ctrl_c_on_sigterm(), frames_done(source.frames, options["max_frames"]) as each:
        stages = pipeline.Pipeline(source, estimate, opened, lens, facts_of(source, engine), clock)
        return stages.run(outlets, max_frames=options["max_frames"], on_frame=each), outlets


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


def _report(source: Source, summary: pipeline.Summary, written: list[Sink]) -> None:
    for sink in written:
        if sink.path and sink.path.exists():
            click.echo(f"wrote {sink.path}", err=True)
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
