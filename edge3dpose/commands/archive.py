"""edge3dpose archive: the poses of many video files, by several processes or machines."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from edge3dpose.commands._options import engine_options, plugin_options, typed
from edge3dpose.runtime import detectors, filters

if TYPE_CHECKING:
    from edge3dpose.archive.progress import ArchiveProgress

_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)
_LINE_EVERY_S = 60.0  # where there is no terminal


@click.command()
@click.argument("source", required=False, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the poses.")
@click.option("--summary", type=_FOLDER, metavar="OUT", help="Say what is in a folder of poses.")
@click.option(
    "--format",
    type=click.Choice(["jsonl", "parquet"]),
    default="jsonl",
    show_default=True,
    help="JSON lines, or a Parquet table with a row a person and frame.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 10000),
    help="Processes, or actors of Ray.  [default: a core each]",
)
@click.option(
    "--throughput/--one-by-one",
    default=True,
    show_default=True,
    help="As many clips at once as cores, a thread each; or one after another on all cores.",
)
@click.option(
    "--ray",
    metavar="ADDRESS",
    help="Work on a Ray cluster: HOST:PORT, auto, or local.",
)
@click.option(
    "--split-minutes",
    type=click.FloatRange(min=0, max=100_000),
    default=20.0,
    show_default=True,
    help="Do longer clips in sections of about this length; 0 does each in one go.",
)
@click.option("--rehash", is_flag=True, help="Compare hashes also of clips that look unchanged.")
@click.option("--report", type=_FILE, help="Write speed and memory as JSON.")
@engine_options
@click.option("--fov", type=float, help="Field of view across the longer side, degrees.")
@click.option("--intrinsics", type=_FILE, help="File of a measured camera.")
@click.option(
    "--detector",
    type=click.Choice(detectors.names()),
    default=detectors.DEFAULT,
    show_default=True,
    help=detectors.summary(),
)
@click.option(
    "--max-people", type=click.IntRange(min=1), default=10, show_default=True, help="In a frame."
)
@click.option("--flip-test/--no-flip-test", default=False, help="Average with the flipped crop.")
@plugin_options(filters.options())
def command(source: Path | None, out: Path | None, summary: Path | None, **options: Any) -> None:
    """Write the 3D poses of every video in SOURCE: a folder, or a list with a path a line.

    Each clip gives OUT/parts/CLIP.jsonl (or .parquet), the same poses as run. A run that was
    stopped or killed is taken up by the same command: what is done is skipped. Clips that fail are
    listed in OUT/failed.jsonl with the reason, and the exit code is 1.
    """
    if summary is not None:
        if source is not None or out is not None or typed(options):
            raise click.UsageError("--summary OUT stands alone")
        from edge3dpose.archive.summary import summarize

        for line in summarize(summary).lines:
            click.echo(line)
        return
    if source is None or out is None:
        raise click.UsageError("give SOURCE and --out, or --summary OUT")
    if not options["throughput"] and (options["workers"] or options["ray"]):
        raise click.UsageError(
            "--one-by-one is one process of this machine: no --workers, no --ray"
        )
    if options["format"] == "parquet" and (options["angles"] or options["count"]):
        raise click.UsageError("--angles and --count go into JSON lines: no --format parquet")
    _archive(source, out, options)


def _archive(source: Path, out: Path, options: dict[str, Any]) -> None:
    from edge3dpose.archive import report as reports
    from edge3dpose.archive.clips import find_clips
    from edge3dpose.archive.job import settled
    from edge3dpose.archive.run_archive import Manpower, run_archive
    from edge3dpose.commands._progress import builds
    from edge3dpose.reports.rows import save

    place = Path(out).absolute()
    find_clips(source, place)  # what is wrong with it is said before an engine is built
    begun = reports.header() if options["report"] else None
    with builds() as progress:
        split_s = round(60 * options["split_minutes"], 3)
        about = _estimator(options), place, options["format"]
        job, config = settled(*about, progress, split_s=split_s)
    for reason in config.why:
        click.echo(reason, err=True)
    workers = options["workers"] if options["throughput"] else 1
    manpower = Manpower(workers, options["ray"], options["rehash"])
    try:
        with _shown() as on_progress:
            result = run_archive(source, job, manpower, on_progress)
    except KeyboardInterrupt:
        click.echo("stopped; the same command goes on from here", err=True)
        raise
    if begun is not None:
        save(reports.report_of(begun, result, job, ray=manpower.ray is not None), options["report"])
    click.echo(result.text, err=True)
    for record in (*result.failed, *result.damaged)[:10]:
        click.echo(f"{record.clip}: {record.reason}", err=True)
    if bad := len(result.failed) + len(result.damaged):
        from edge3dpose.errors import BadInput

        early = f", {len(result.damaged)} ended early" if result.damaged else ""
        raise BadInput(
            f"{bad} of {result.clips} clips are not whole: {len(result.failed)} failed{early}; "
            f"the reasons are in {out / 'failed.jsonl'}"
        )


def _estimator(options: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of PoseEstimator."""
    from edge3dpose.errors import BadInput

    if options["fov"] is not None and options["intrinsics"] is not None:
        raise BadInput("--fov and --intrinsics both describe the camera: give one of them")
    values = {option.name: options[option.name] for option in filters.options()}
    filters.check(values)
    names = ("model", "weights", "cut", "precision", "backend", "threads", "engines")
    given = {name: options[name] for name in (*names, "flip_test", "detector", "max_people")}
    for name in ("weights", "engines"):
        given[name] = given[name] and given[name].absolute()  # workers may be elsewhere
    measured = options["intrinsics"] and options["intrinsics"].absolute()
    camera = measured if options["fov"] is None else options["fov"]
    return {**given, "camera": camera, "filter_options": values}


@contextmanager
def _shown() -> Iterator[Callable[[ArchiveProgress], None]]:
    """A bar on a terminal, a line a minute elsewhere."""
    from edge3dpose.commands._progress import whole

    last_s = monotonic()

    with whole() as bar:

        def show(progress: ArchiveProgress) -> None:
            nonlocal last_s
            bar(progress.text, progress.share)
            if not sys.stderr.isatty() and monotonic() - last_s > _LINE_EVERY_S:
                last_s = monotonic()
                click.echo(progress.text, err=True)

        yield show
