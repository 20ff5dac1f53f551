"""edge3dpose models: what there is to run, what each cut costs and how wrong it is."""

from __future__ import annotations

import click


@click.command()
@click.option("--model", help="Only this one.")
def command(model: str | None) -> None:
    """List the models: cuts, input, parameters, multiply-accumulates, size, training, errors."""
    from edge3dpose import models
    from edge3dpose.commands._models import print_model

    for spec in [models.find(model)] if model else models.specs().values():
        print_model(spec)
