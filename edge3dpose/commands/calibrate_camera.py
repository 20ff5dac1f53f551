"""edge3dpose calibrate-camera: pictures of a chessboard in, a file for --intrinsics out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edge3dpose.commands._source_options import source_options

if TYPE_CHECKING:
    from edge3dpose.lens.measure import Measured
    from edge3dpose.runtime.sources import Source

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option("--camera", type=click.IntRange(min=0), help="Number of a camera; 0 is the first.")
@click.option("--source", help="Video, folder of pictures, URL, device, gst:PIPELINE.")
@source_options
@click.option("--board", required=True, help="Inner corners of the chessboard, such as 9x6.")
@click.option("--square-mm", type=float, required=True, help="Side of one of its squares.")
@click.option("--fisheye", is_flag=True, help="A fisheye: OpenCV's model of 4 coefficients.")
@click.option(
    "--views", type=click.IntRange(min=6), default=40, show_default=True, help="Stop after so many."
)
@click.option("--out", type=FILE, default="camera.json", show_default=True, help="File to write.")
@click.option("--overwrite", is_flag=True, help="Replace a file that is there.")
def command(
    board: str, square_mm: float, fisheye: bool, views: int, out: Path, overwrite: bool, **read: Any
) -> None:
    """Measure a camera from pictures of a chessboard, for run --intrinsics.

    Print a chessboard, glue it to something flat, and show it near and far, tilted, and in every
    corner of the picture. A camera is asked until there are enough views, or Ctrl-C. Resolution,
    zoom and focus must stay as they are later.
    """
    from edge3dpose import outputs
    from edge3dpose.commands._progress import whole
    from edge3dpose.counting import counted
    from edge3dpose.lens.board import Views, board_of
    from edge3dpose.lens.measure import collect, measure

    chosen = board_of(board, square_mm)
    outputs.check_free(out, overwrite=overwrite)
    with _opened(read, out) as source, whole() as progress:

        def on_view(searched: int, found: Views) -> None:
            seen = f"{len(found.places)} views, {found.coverage:.0%} of the picture"
            progress(f"{counted(searched, 'frame')} searched, {seen}", len(found.places) / views)

        found = collect(source, chosen, views, on_view)
    made = measure(found, chosen, fisheye=fisheye)
    click.echo("corners were in these parts of the picture:", err=True)
    for line in found.map():
        click.echo(f"  {line}", err=True)
    for line in _lines(made):
        click.echo(line, err=True)
    made.save(out, overwrite=overwrite)
    click.echo(f"wrote {out}; use it with: run --intrinsics {out}", err=True)


@contextmanager
def _opened(read: dict[str, Any], out: Path) -> Iterator[Source]:
    """The source that the options name, and what it says of itself."""
    from edge3dpose.runtime import sinks
    from edge3dpose.runtime.sources import SourceOptions, open_source

    camera, source = read.pop("camera"), read.pop("source")
    if (camera is None) == (source is None):
        raise click.UsageError("give one of --camera N and --source FILE|DIR|URL")
    if source is not None and source.isdigit() and len(source) < 4 and not Path(source).exists():
        camera = int(source)
    if source is not None:
        sinks.refuse_source(out, source)
    how = SourceOptions(**{field.name: read[field.name] for field in fields(SourceOptions)})
    with closing(open_source(source if camera is None else camera, options=how)) as opened:
        for line in opened.said:
            click.echo(line, err=True)
        yield opened


def _lines(made: Measured) -> Iterator[str]:
    """How well the camera is known."""
    left_out = f", {made.left_out} left out" if made.left_out else ""
    focal, centre = made.camera.focal_px, made.camera.centre_px
    yield (
        f"{len(made.per_view)} views{left_out}, reprojection error {made.error_px:.3f} px; focal "
        f"length ({focal[0]:.1f}, {focal[1]:.1f}) px, centre ({centre[0]:.1f}, {centre[1]:.1f}) px"
    )
    yield from (f"doubtful: {doubt}" for doubt in made.doubts)
