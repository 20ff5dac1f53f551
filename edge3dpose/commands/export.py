"""edge3dpose export: a poses file in the format of another program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edge3dpose import exporters
from edge3dpose.commands._options import plugin_options


@click.command()
@click.argument("poses", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--to", required=True, type=click.Choice(exporters.names()), help=exporters.summary() + "."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write.  [default: the name of POSES with the format's suffix]",
)
@click.option("--track-id", type=int, help="The person.  [default: who is in most frames]")
@click.option(
    "--everybody", is_flag=True, help="A file a person; its name ends in the person's number."
)
@plugin_options(exporters.options())
def command(
    poses: Path, to: str, out: Path | None, track_id: int | None, everybody: bool, **given: Any
) -> None:
    """Write POSES, a file of run --jsonl, in the format of another program."""
    options = exporters.options_for(to, given)
    said = exporters.export(poses, to, out, track_id=track_id, everybody=everybody, options=options)
    click.echo(said, err=True)
