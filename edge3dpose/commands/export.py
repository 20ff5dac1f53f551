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
@plugin_options(exporters.options())
def command(poses: Path, to: str, out: Path | None, track_id: int | None, **given: Any) -> None:
    """Write POSES, a file of run --jsonl, in the format of another program."""
    options = {name: value for name, value in given.items() if value is not None}
    click.echo(exporters.export(poses, to, out, track_id=track_id, options=options), err=True)
