"""edge3dpose models: the models, with cost and error of their cuts."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--model", help="Show every cut of this model.")
@click.option(
    "--weights",
    type=click.Path(path_type=Path),
    help="ONNX file of your own for --model, with its card beside it.",
)
def command(model: str | None, weights: Path | None) -> None:
    """List the models: file size; parameters, multiply-accumulates and error of the best cut.

    With --model, the same of each of its cuts.
    """
    from rich.console import Console

    from edge3dpose import models
    from edge3dpose.compiler import inspect
    from edge3dpose.reports import model_tables

    if weights and not model:
        raise click.UsageError("--weights needs --model, whose weights they are")
    console = Console(markup=False, emoji=False)
    if model is None:
        summaries = [inspect.summary(spec) for spec in models.specs().values()]
        model_tables.models_table(summaries).print_to(console)
        click.echo(f"{model_tables.LEGEND}\nevery cut of a model: edge3dpose models --model NAME")
        return
    summary = inspect.summary(models.find(model), weights)
    if summary.weights is None:
        click.echo(model_tables.headline(summary))
        return
    model_tables.cuts_table(summary).print_to(console)
    click.echo(model_tables.CUTS_LEGEND)
