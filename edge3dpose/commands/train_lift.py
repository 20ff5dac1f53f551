"""edge3dpose train-lift: rendered sequences and motion -> the temporal lift."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

_PATH = click.Path(path_type=Path)


@click.command()
@click.option(
    "--assets", type=_PATH, required=True, help="File of baked people: edge3dpose train --prepare."
)
@click.option("--records", type=_PATH, required=True, help="Folder of recorded sequences.")
@click.option(
    "--render",
    type=click.IntRange(min=1),
    help="Render so many files of sequences into --records, let the shipped networks look at them, "
    "and stop.",
)
@click.option(
    "--split",
    type=click.Choice(["train", "held-out"]),
    default="train",
    show_default=True,
    help="People, clothes, motion and places of --render.",
)
@click.option("--first", default=0, show_default=True, help="Number of the first file of --render.")
@click.option(
    "--every", default=1, show_default=True, help="Step of the numbers, for several processes."
)
@click.option("--minutes", default=30.0, show_default=True, help="Length of the training.")
@click.option(
    "--start-from", type=_PATH, help="A lift.safetensors or temporal-lift.onnx to begin with."
)
@click.option(
    "--set",
    "setting",
    multiple=True,
    help="Change a field of the recipe: NAME=VALUE, such as motion=60; repeatable.",
)
@click.option("--out", type=_PATH, default=Path(), help="Folder of temporal-lift.onnx.")
def command(**options: Any) -> None:
    """Train the temporal lift, which corrects each pose by those before it.

    First render sequences (--render, minutes a file), some of them held out; then train on them and
    on captured motion. Writes temporal-lift.onnx with its card, and lift.safetensors.
    """
    if options["render"]:
        from edge3dpose.training.lift.record import record

        where = options["assets"], options["records"], options["split"]
        for file in record(*where, options["first"], options["render"], options["every"]):
            click.echo(f"wrote {file}")
        return
    from edge3dpose.training.lift import loop, session
    from edge3dpose.training.recipes import changed

    same = ("assets", "records", "out", "minutes", "start_from")
    request = session.LiftRequest(
        **{name: options[name] for name in same},
        recipe=changed(loop.LiftRecipe(), options["setting"]),
    )
    click.echo(f"wrote {session.train(request, click.echo)}")
