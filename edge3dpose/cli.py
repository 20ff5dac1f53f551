"""The command line: each file in commands/ is a command, loaded only when it is used."""

from __future__ import annotations

import sys

import click

from edge3dpose import __version__, plugins
from edge3dpose.errors import Edge3DPoseError


class Commands(click.Group):
    """Lists commands/ by file name; prints an Edge3DPoseError as one line with exit code 1."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(plugins.names("commands"))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in plugins.names("commands"):
            return None
        return plugins.load("commands", name).command

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except Edge3DPoseError as error:
            raise click.ClickException(" ".join(str(error).split())) from error


@click.group(cls=Commands)
@click.version_option(__version__)
def cli() -> None:
    """Real-time 3D human pose from one camera, for edge devices."""


def main() -> None:
    """Entry point of the console script."""
    try:
        cli.main(prog_name="edge3dpose")
    except BrokenPipeError:
        sys.exit(0)
