"""edge3dpose calibrate: real frames -> the INT8 ranges of a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

FILE = click.Path(path_type=Path)


@click.command()
@click.option("--model", default="sspnet-lite", show_default=True, help="See: edge3dpose models.")
@click.option(
    "--source",
    "sources",
    multiple=True,
    required=True,
    help="Video, folder of images or sample; repeatable.",
)
@click.option(
    "--frames", "people", default=256, show_default=True, help="Number of people, of all sources."
)
@click.option(
    "--method", default="percentile", show_default=True, help="max, percentile, entropy or mse."
)
@click.option("--skip", multiple=True, help="A layer to leave in floating point; repeatable.")
@click.option(
    "--within",
    "max_deviation_mm",
    default=6.0,
    show_default=True,
    help="Leave the most sensitive layers in floating point until the median joint of every cut is "
    "within so many mm of FP32.",
)
@click.option("--weights", type=FILE, help="ONNX file of your own, with its card beside it.")
@click.option("--out", type=FILE, help="File to write.  [default: calibration/MODEL.ranges.json]")
def command(**options: Any) -> None:
    """Find the INT8 ranges of a model on real people, for all of its cuts at once.

    The people are found and cropped as at run time. Ranges belong to one weights file: calibrate
    again after a new training.
    """
    from edge3dpose.commands._progress import builds
    from edge3dpose.compiler.calibrate import CalibrationRequest, calibrate_from_sources

    with builds() as progress:
        done = calibrate_from_sources(CalibrationRequest(**options), progress)
    click.echo(done.text)
