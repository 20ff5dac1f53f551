"""edge3dpose models: the models, with cost and error of each cut."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--model", help="Only this one.")
@click.option(
    "--weights",
    type=click.Path(path_type=Path),
    help="ONNX file of your own for --model, with its card beside it.",
)
def command(model: str | None, weights: Path | None) -> None:
    """List the models: cuts, input, parameters, multiply-accumulates, size, training, errors."""
    from edge3dpose import models
    from edge3dpose.commands._models import print_model

    if weights and not model:
        raise click.UsageError("--weights needs --model, whose weights they are")
    for spec in [models.find(model)] if model else models.specs().values():
        print_model(spec, weights)
