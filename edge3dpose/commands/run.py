"""edge3dpose run: a camera, a video, images or a URL in; a window, a video, JSON lines out."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edge3dpose import stopping
from edge3dpose.commands._options import engine_options, plugin_options
from edge3dpose.commands._sections import Sections, section
from edge3dpose.commands._source_options import source_options
from edge3dpose.runtime import detectors, filters, sinks

if TYPE_CHECKING:
    from edge3dpose.pose import PoseEstimator
    from edge3dpose.runtime.sources import Source

FILE = click.Path(path_type=Path, dir_okay=False)
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP
POSITIVE = click.FloatRange(min=0, min_open=True)


class Corners(click.ParamType):
    """x0,y0,x1,y1 in px."""

    name = "x0,y0,x1,y1"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[float, ...]:
        """Four numbers."""
        try:
            corners = tuple(float(text) for text in str(value).split(","))
        except ValueError:
            corners = ()
        if len(corners) != 4:
            self.fail(f"{value!r} is no part of a frame; wanted x0,y0,x1,y1 in px", param, ctx)
        return corners


@click.command(cls=Sections)
@section(
    "Source",
    click.option(
        "--camera", type=click.IntRange(min=0), help="Number of a camera; 0 is the first."
    ),
    click.option(
        "--source",
        help="Video, picture, folder or pattern, URL, device, gst:PIPELINE, sample or -.",
    ),
    source_options,
    click.option("--max-frames", type=click.IntRange(min=1), help="Stop after so many frames."),
    click.option("--fov", type=float, help="Field of view across the longer side, degrees."),
    click.option(
        "--intrinsics",
        type=FILE,
        help="File of a measured camera: JSON, or OpenCV's or ROS's YAML.",
    ),
)
@plugin_options(sinks.options())
@section(
    "People",
    click.option(
        "--max-people",
        type=click.IntRange(min=1),
        default=10,
        show_default=True,
        help="At most so many people, the largest.",
    ),
    click.option("--roi", type=Corners(), help="Only people whose box has its centre there, px."),
    click.option(
        "--min-height-px",
        type=click.FloatRange(min=0),
        default=0.0,
        help="Only people whose box is so tall.",
    ),
    click.option(
        "--detector",
        type=click.Choice(detectors.names()),
        default=detectors.DEFAULT,
        show_default=True,
        help=detectors.summary(),
    ),
)
@plugin_options(filters.options())
@section(
    "Network and engine",
    engine_options,
    click.option(
        "--flip-test/--no-flip-test",
        "--mirror/--no-mirror",
        default=False,
        show_default=True,
        help="Average with the flipped crop: less error, two calls of the engine.",
    ),
    click.option(
        "--max-latency-ms",
        type=POSITIVE,
        help="Of one call of the engine: take the most accurate engine within it on this machine.",
    ),
    click.option(
        "--max-error-mm",
        type=POSITIVE,
        help="MPJPE by the model card: take the fastest engine within it.",
    ),
    click.option(
        "--govern/--no-govern",
        default=True,
        show_default=True,
        help="With a time limit: use shallower cuts while the machine is slower.",
    ),
)
def command(camera: int | None, source: str | None, **options: Any) -> None:
    """Real-time 3D poses of the people in front of one camera.

    Without an output option, the poses of a file or folder are written to NAME.poses.mp4 and
    NAME.poses.jsonl in the current folder; those of a camera or live URL are shown in a window.

    --max-latency-ms and --max-error-mm choose cut, precision and backend, where these are auto,
    from what edge3dpose tune has measured on this machine; without that, the cut alone. With --cut
    auto, a camera whose frame rate is known gets the most accurate engine that keeps up with it.
    What is chosen is printed with the reason.
    """
    from edge3dpose.runtime.sources import SourceOptions, open_source

    given = source if camera is None else camera
    if given is None or (camera is not None and source is not None):
        raise click.UsageError("give one of --camera N and --source FILE|DIR|URL|sample")
    given_outputs = {option.name: options.pop(option.name) for option in sinks.options()}
    values = {option.name: options.pop(option.name) for option in filters.options()}
    filters.check(values)
    how = SourceOptions(**{field.name: options.pop(field.name) for field in fields(SourceOptions)})
    with closing(open_source(given, options=how)) as opened:
        for line in opened.said:
            click.echo(line, err=True)
        outputs = sinks.with_default_output(given_outputs, opened.name, live=opened.live)
        sinks.check(outputs, opened.name)
        for name in ("intrinsics", "weights"):
            for value in outputs.values() if options[name] else ():
                sinks.refuse_source(value, str(options[name]), f"the file of --{name}")
        with _estimator(opened, values, options) as pose:
            for reason in pose.config.why:
                click.echo(reason, err=True)
            _run(pose, opened, outputs, options["max_frames"])


def _estimator(
    source: Source, values: Mapping[str, Any], options: Mapping[str, Any]
) -> PoseEstimator:
    from edge3dpose.commands._progress import builds
    from edge3dpose.errors import BadInput
    from edge3dpose.pose import PoseEstimator

    if options["fov"] is not None and options["intrinsics"] is not None:
        raise BadInput("--fov and --intrinsics both describe the camera: give one of them")
    same = ("model", "weights", "cut", "precision", "backend", "threads", "engines", "flip_test")
    limits = ("max_latency_ms", "max_error_mm", "govern", "detector", "max_people")
    people = ("roi", "min_height_px")
    with builds() as progress:
        return PoseEstimator(
            **{name: options[name] for name in (*same, *limits, *people)},
            camera=options["intrinsics"] if options["fov"] is None else options["fov"],
            filter_options=values,
            min_fps=source.fps if source.live else None,
            progress=progress,
        )


def _run(
    pose: PoseEstimator, source: Source, outputs: Mapping[str, Any], max_frames: int | None
) -> None:
    from edge3dpose.commands._progress import frames_done
    from edge3dpose.errors import BadInput, SourceLost

    with _ended_by_signals(), frames_done(source.frames, max_frames) as on_frame:
        summary = pose.run(source, outputs=outputs, max_frames=max_frames, on_frame=on_frame)
    for file in summary.written:
        click.echo(f"wrote {file}", err=True)
    for line in summary.said:
        click.echo(line, err=True)
    click.echo(summary.text, err=True)
    if summary.failure:
        raise (SourceLost if summary.lost else BadInput)(summary.failure)
    if pose.calls_by_cut:
        counts = sorted(pose.calls_by_cut.items())
        click.echo(f"calls by cut: {', '.join(f'{cut}: {n}' for cut, n in counts)}", err=True)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Ctrl-C, SIGTERM and SIGHUP end the run; its files are finished, a second one is ignored."""
    if threading.current_thread() is not threading.main_thread():  # which alone may handle signals
        yield
        return
    known = [number for name in SIGNALS if (number := getattr(signal, name, None))]
    known = [n for n in known if signal.getsignal(n) != signal.SIG_IGN]  # nohup, background jobs
    stopping.forget()
    before = {number: signal.signal(number, stopping.note) for number in known}
    try:
        yield
    finally:
        for number, handler in before.items():
            if stopping.asked():  # this process ends now: a second one must not kill it halfway
                handler = signal.SIG_IGN
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
