"""edge3dpose render-crowds: several people in one picture, with exact truth, for evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

_PATH = click.Path(path_type=Path)


@click.command()
@click.option(
    "--assets", type=_PATH, required=True, help="File of baked people: edge3dpose train --prepare."
)
@click.option("--out", type=_PATH, required=True, help="Folder of the videos and their truth.")
@click.option(
    "--count", type=click.IntRange(min=1), default=6, show_default=True, help="Videos to render."
)
@click.option(
    "--first", type=click.IntRange(min=0), default=0, show_default=True, help="Number of the first."
)
@click.option(
    "--seconds", type=click.FloatRange(1, 60), default=15.0, show_default=True, help="Of each."
)
@click.option(
    "--fps", type=click.FloatRange(5, 60), default=25.0, show_default=True, help="Frames a second."
)
def command(**options: Any) -> None:
    """Render crowds: 2 to 8 people who cross, hide each other, leave and come back.

    Held-out bodies, clothes, motion and places. Writes crowd-NNN.mp4 and crowd-NNN.npz: joints,
    boxes and what is hidden of each person in each frame. Measure on them with
    edge3dpose evaluate --dataset crowds --root FOLDER
    """
    from edge3dpose.training.synthesis.crowd_files import write_crowds
    from edge3dpose.training.synthesis.crowds import CrowdShape, CrowdSynthesizer

    shape = CrowdShape(fps=options["fps"], seconds=options["seconds"])
    crowds = CrowdSynthesizer(options["assets"], shape=shape)
    numbers = range(options["first"], options["first"] + options["count"])
    for video in write_crowds(crowds, options["out"], numbers):
        click.echo(f"wrote {video}")
