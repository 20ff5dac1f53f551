"""edge3dpose export-triton: a model as a repository of Triton Inference Server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.option("--model", default="sspnet-lite", show_default=True, help="See: edge3dpose models.")
@click.option(
    "--weights",
    type=click.Path(path_type=Path, dir_okay=False),
    help="ONNX file of your own, with its card beside it.  [default: the shipped one]",
)
@click.option("--cut", default="auto", show_default=True, help="A number, or auto.")
@click.option(
    "--platform",
    type=click.Choice(("onnx", "openvino", "tensorrt")),
    default="onnx",
    show_default=True,
    help="What runs the pose network in the server.",
)
@click.option(
    "--precision", type=click.Choice(("fp32", "fp16", "int8")), default="fp32", show_default=True
)
@click.option("--engines", type=FOLDER, help="Folder of built engines.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A new folder.")
def command(out: Path, **options: Any) -> None:
    """Write a model repository for Triton Inference Server.

    It holds the crop, the pose network, the lift, and an ensemble of the three: a frame and a
    person's ROI in, the pose and the next ROI out (docs/serving.md). A client goes along.
    """
    from edge3dpose.commands._progress import whole
    from edge3dpose.serving import repository

    with whole() as progress:
        config = repository.export(repository.TritonRequest(**options), out, progress)
    click.echo("\n".join(config.why))
    click.echo(f"{config.text}: {out}")
    click.echo(f"serve it: tritonserver --model-repository {out.absolute()}")
