"""edge3dpose view: a recorded poses file in the browser."""

from __future__ import annotations

from pathlib import Path
from time import sleep

import click

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("poses", type=FILE)
@click.option("--video", type=FILE, help="The video that the poses are of, played in step.")
@click.option("--at", default="127.0.0.1:8080", show_default=True, help="HOST:PORT to serve at.")
@click.option("--token", help="Secret that lets other machines in: open /?token=SECRET.")
def command(poses: Path, video: Path | None, at: str, token: str | None) -> None:
    """Show POSES, a file of run --jsonl, on a page with a time line, until Ctrl-C."""
    from edge3dpose.viewer.recorded import serve_poses
    from edge3dpose.viewer.server import address_of

    server = serve_poses(poses, address_of(at, token), video)
    secret = "?token=..." if token else ""
    click.echo(f"the page is at {server.address.url.partition('?')[0]}{secret}", err=True)
    try:
        while True:
            sleep(0.2)
    except KeyboardInterrupt:
        server.close()
