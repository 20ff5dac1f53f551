"""edge3dpose build-engine: weights -> engines in the cache."""

from __future__ import annotations

from pathlib import Path

import click

from edge3dpose.runtime import backends
from edge3dpose.types import PRECISIONS


@click.command()
@click.option("--model", default="sspnet-lite", show_default=True, help="See: edge3dpose models.")
@click.option(
    "--cut", default="all", show_default=True, help="A number, numbers with commas between, or all."
)
@click.option("--precision", type=click.Choice(PRECISIONS), default="fp16",
              show_default=True)  # fmt: skip
@click.option("--backend", type=click.Choice([*backends.names(), "auto"]), default="auto",
              show_default=True)  # fmt: skip
@click.option("--engines", type=click.Path(path_type=Path), help="Folder of built engines.")
@click.option(
    "--weights",
    type=click.Path(path_type=Path),
    help="ONNX file of your own, with its card beside it.",
)
@click.option(
    "--ranges", type=click.Path(path_type=Path), help="INT8 ranges from edge3dpose calibrate."
)
@click.option("--force", is_flag=True, help="Build also what the cache has.")
@click.option(
    "--explain",
    is_flag=True,
    help="Show what the cache has, and why an engine would be built; build nothing.",
)
@click.option(
    "--report",
    "report_file",
    type=click.Path(path_type=Path),
    help="Write sizes and seconds as JSON.",
)
def command(**options: object) -> None:
    """Build the engines of a model's cuts, or find them in the cache.

    An engine is built when anything that could change it has changed: weights, cut, precision,
    calibration, backend and its version, device, flags, this builder. Each engine is compared with
    FP32 on real crops; one that is too far away is not kept.
    """
    from edge3dpose.commands._build import build_engines

    build_engines(**options)  # type: ignore[arg-type]
