"""edge3dpose view: a recorded poses file in the browser, or all cameras on one page."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from time import sleep

import click

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("poses", type=FILE, required=False)
@click.option("--video", type=FILE, help="The video that the poses are of, played in step.")
@click.option(
    "--of",
    "cameras",
    multiple=True,
    metavar="[NAME=]URL",
    help="A page of run --serve, with its ?token=...; several are shown on one page.",
)
@click.option("--at", default="127.0.0.1:8080", show_default=True, help="HOST:PORT to serve at.")
@click.option("--token", help="Secret that lets other machines in: open /?token=SECRET.")
def command(
    poses: Path | None, video: Path | None, cameras: tuple[str, ...], at: str, token: str | None
) -> None:
    """Show POSES, a file of run --jsonl, on a page with a time line, until Ctrl-C.

    With --of, show cameras as they are: each of them is a run --serve, here or elsewhere.
    """
    from edge3dpose.viewer.server import address_of

    if (poses is None) == (not cameras) or (cameras and video):
        raise click.UsageError("give POSES, or cameras with --of")
    address = address_of(at, token)
    if poses is None:
        from edge3dpose.viewer.cameras import camera_of, serve_cameras

        page = serve_cameras([camera_of(text) for text in cameras], address)
        _stay(page.address.url, secret=token is not None, close=page.close)
    else:
        from edge3dpose.viewer.recorded import serve_poses

        server = serve_poses(poses, address, video)
        _stay(server.address.url, secret=token is not None, close=server.close)


def _stay(url: str, *, secret: bool, close: Callable[[], object]) -> None:
    """Say where the page is, and serve it until Ctrl-C."""
    shown = "?token=..." if secret else ""
    click.echo(f"the page is at {url.partition('?')[0]}{shown}", err=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Docker ends it
    try:
        while True:
            sleep(0.2)
    except KeyboardInterrupt:
        close()
