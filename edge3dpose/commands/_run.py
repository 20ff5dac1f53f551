"""What edge3dpose run does, apart from its options, so that --help stays light."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from edge3dpose import rooms
from edge3dpose.camera import DEFAULT_FOV_DEG, open_lens
from edge3dpose.commands._engine import Choice, choose, open_chosen
from edge3dpose.commands._latency import governed, within_latency
from edge3dpose.commands._progress import builds, frames_done
from edge3dpose.errors import BadInput
from edge3dpose.runtime import pipeline
from edge3dpose.runtime.clock import StageClock
from edge3dpose.runtime.estimator import Estimator
from edge3dpose.runtime.filters import Filter
from edge3dpose.runtime.governor import GovernedEngine
from edge3dpose.runtime.sinks import Sink
from edge3dpose.runtime.sources import Source, open_source
from edge3dpose.types import Engine, Frame


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
    **options: Any,
) -> None:
    """See the command's help."""
    lens = open_lens(options["fov"], options["intrinsics"])
    if max_latency_ms is not None and cut != "auto":
        raise BadInput(f"--max-latency-ms chooses the cut, and --cut {cut} has chosen it already")
    choice = choose(
        model=model,
        weights=weights,
        cut=cut,
        precision=precision,
        backend=backend,
        threads=threads,
    )
    with _opened(camera, source) as frames:
        outputs = Outputs.of(frames, options)
        with builds() as progress:
            if max_latency_ms is not None:
                choice = within_latency(choice, max_latency_ms, engines, progress)
            engine = _engine(choice, max_latency_ms, engines, progress, options)
        for reason in choice.why:
            click.echo(reason, err=True)
        try:
            summary = _run(frames, engine, choice, lens, outputs, options)
        finally:
            engine.close()
    _report(frames, summary, outputs)
    if isinstance(engine, GovernedEngine):
        counts = sorted(engine.calls_by_cut.items())
        click.echo(f"calls by cut: {', '.join(f'{cut}: {n}' for cut, n in counts)}", err=True)


def _engine(
    choice: Choice,
    limit_ms: float | None,
    engines: Path | None,
    progress: Any,
    options: dict[str, Any],
) -> Engine:
    """The chosen cut; with a limit to keep, shallower ones stand by."""
    if limit_ms is None or not options["govern"]:
        return open_chosen(choice, engines, progress=progress)[0]
    return governed(choice, limit_ms, engines, progress)


class Outputs:
    """What is to be written and shown."""

    def __init__(self, jsonl: Path | None, save: Path | None, show: bool) -> None:
        self.jsonl, self.save, self.show = jsonl, save, show

    @classmethod
    def of(cls, source: Source, options: dict[str, Any]) -> Outputs:
        """As asked for; where nothing is: files for a file, a window for a live source."""
        jsonl, save, show = options["jsonl"], options["save"], options["show"]
        for path in (jsonl, save):
            if (
                path
                and Path(source.name).exists()
                and path.resolve() == Path(source.name).resolve()
            ):
                raise BadInput(f"{path} is the source itself; write to another file")
        if jsonl or save or show:
            return cls(jsonl, save, bool(show))
        if source.live and show is None:
            return cls(None, None, True)
        name = Path(source.name).stem if not source.live else source.name.replace(" ", "")
        name = "".join(c if c.isalnum() or c in "-_." else "_" for c in name) or "poses"
        return cls(Path(f"{name}.poses.jsonl"), Path(f"{name}.poses.mp4"), False)


@contextmanager
def _opened(camera: int | None, source: str | None) -> Iterator[Source]:
    if (camera is None) == (source is None):
        raise click.UsageError("give one of --camera N and --source FILE|DIR|URL|sample")
    opened = (
        rooms.load("runtime.sources", "camera").open_source(str(camera))
        if source is None
        else open_source(source)
    )
    try:
        yield opened
    finally:
        opened.close()


def _run(
    source: Source,
    engine: Any,
    choice: Choice,
    lens: Any,
    outputs: Outputs,
    options: dict[str, Any],
) -> pipeline.Summary:
    clock = StageClock()
    # unrelated pictures cannot be followed: look at each of them anew
    detector = options["detector"] if source.related else _unrelated(options["detector"])
    estimate = Estimator(
        choice.spec,
        engine,
        rooms.load("runtime.detectors", detector).open_detector(),
        clock=clock,
        follows=source.related,
        second_look=detector != "full-frame",
    )
    smooth = options["smooth"] and source.related
    filters: list[Filter] = []
    if options["bones"]:
        filters.append(rooms.load("runtime.filters", "bone-length").open_filter())
    if smooth:
        filters.append(rooms.load("runtime.filters", "one-euro").open_filter())
    sinks = _open_sinks(source, engine, choice, outputs, smooth, options)
    with _ctrl_c_on_sigterm(), frames_done(source.frames, options["max_frames"]) as each:
        return pipeline.run(
            source,
            estimate,
            clock=clock,
            filters=filters,
            sinks=sinks,
            lens=lens,
            max_frames=options["max_frames"],
            each=each,
        )


def _open_sinks(
    source: Source,
    engine: Engine,
    choice: Choice,
    outputs: Outputs,
    smooth: bool,
    options: dict[str, Any],
) -> list[Sink]:
    """Every sink, or none: what is open is given up where the next one cannot be opened."""
    sinks: list[Sink] = []
    try:
        if outputs.show:
            sinks.append(rooms.load("runtime.sinks", "window").open_sink())
        if outputs.jsonl:
            from edge3dpose.runtime.sinks import jsonl

            header = jsonl.header_of(
                choice.spec.skeleton, **_about(source, choice, smooth, options)
            )
            facts = _facts(source, engine)
            sinks.append(jsonl.open_sink(outputs.jsonl, header, live=source.live, facts=facts))
        if outputs.save:
            fps = source.fps if source.related else 1.0
            video = rooms.load("runtime.sinks", "video")
            sinks.append(video.open_sink(outputs.save, fps, live=source.live))
    except BaseException:
        for sink in sinks:
            sink.discard()
        raise
    return sinks


def _about(source: Source, choice: Choice, smooth: bool, options: dict[str, Any]) -> dict[str, Any]:
    """What the header says of a run, the camera's numbers excepted: they come with a frame."""
    crop_m = choice.spec.crop_side_mm / 1000
    return {
        "model": choice.spec.name,
        "weights_sha256": choice.weights.sha256,
        "cut": choice.cut,
        "precision": choice.precision,
        "backend": choice.backend,
        "source": source.name,
        "live": source.live,
        "correction": "bone-length on joints_mm" if options["bones"] else None,
        "smoothing": "one-euro on joints_mm and root_mm" if smooth else None,
        "root_depth": f"estimated for adults: {crop_m:g} m across the square, corrected",
        "camera": _about_camera(options["fov"], options["intrinsics"]),
    }


def _about_camera(fov: float | None, intrinsics: Path | None) -> dict[str, Any]:
    if intrinsics is not None:
        return {"measured": ["focal_px", "centre_px", "distortion"], "assumed": []}
    plain = ["centre_px in the middle", "no distortion"]
    if fov is not None:
        return {"measured": [f"{fov:g} degrees across the longer side (--fov)"], "assumed": plain}
    return {
        "measured": [],
        "assumed": [f"{DEFAULT_FOV_DEG:g} degrees across the longer side", *plain],
    }


def _facts(source: Source, engine: Engine) -> Callable[[Frame], dict[str, Any]]:
    """What a line says of its frame besides the people."""

    def facts(frame: Frame) -> dict[str, Any]:
        told: dict[str, Any] = {}
        if source.live:
            told |= {"age_s": round(source.age_s(frame), 4), "dropped": source.dropped}
        if isinstance(engine, GovernedEngine):
            told["cut"] = engine.last_cut
        return told

    return facts


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
