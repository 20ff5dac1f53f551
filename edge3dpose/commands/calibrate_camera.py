"""edge3dpose calibrate-camera: pictures of a chessboard in, a file for --intrinsics out."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option("--source", required=True, help="Number of a camera, video, folder of pictures, URL.")
@click.option("--board", required=True, help="Inner corners of the chessboard, such as 9x6.")
@click.option("--square-mm", type=float, required=True, help="Side of one of its squares.")
@click.option("--fisheye", is_flag=True, help="A fisheye: OpenCV's model of 4 coefficients.")
@click.option(
    "--views", type=click.IntRange(min=6), default=40, show_default=True, help="Stop after so many."
)
@click.option("--out", type=FILE, default="camera.json", show_default=True, help="File to write.")
@click.option("--overwrite", is_flag=True, help="Replace a file that is there.")
def command(
    source: str, board: str, square_mm: float, fisheye: bool, views: int, out: Path, overwrite: bool
) -> None:
    """Measure a camera from pictures of a chessboard, for run --intrinsics.

    Print a chessboard, glue it to something flat, and show it near and far, tilted, and in every
    corner of the picture. A camera is asked until there are enough views, or Ctrl-C. Zoom and focus
    must stay as they are later.
    """
    from edge3dpose import outputs
    from edge3dpose.commands._progress import whole
    from edge3dpose.lens.board import Views, board_of
    from edge3dpose.lens.measure import collect, measure
    from edge3dpose.runtime.sources import open_source

    chosen = board_of(board, square_mm)
    outputs.check_free(out, overwrite=overwrite)
    given: str | int = int(source) if source.isdigit() and len(source) < 4 else source
    with closing(open_source(given)) as opened, whole() as progress:

        def on_view(searched: int, found: Views) -> None:
            seen = f"{len(found.places)} views, {found.coverage:.0%} of the picture"
            progress(f"{searched} frames searched, {seen}", len(found.places) / views)

        found = collect(opened, chosen, views, on_view)
    made = measure(found, chosen, fisheye=fisheye)
    click.echo("corners were in these parts of the picture:", err=True)
    for line in found.map():
        click.echo(f"  {line}", err=True)
    left_out = f", {made.left_out} left out" if made.left_out else ""
    focal, centre = made.camera.focal_px, made.camera.centre_px
    click.echo(
        f"{len(made.per_view)} views{left_out}, reprojection error {made.error_px:.3f} px; focal "
        f"length ({focal[0]:.1f}, {focal[1]:.1f}) px, centre ({centre[0]:.1f}, {centre[1]:.1f}) px",
        err=True,
    )
    for doubt in made.doubts:
        click.echo(f"doubtful: {doubt}", err=True)
    made.save(out, overwrite=overwrite)
    click.echo(f"wrote {out}; use it with: run --intrinsics {out}", err=True)
