"""edge3dpose run: a camera, a video, pictures or a URL in; a window, a video, JSON lines out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edge3dpose.commands._options import engine_options

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option("--camera", type=click.IntRange(min=0), help="number of a camera; 0 is the first")
@click.option("--source", help="video, picture, folder of pictures, URL, gst:PIPELINE, or sample")
@engine_options
@click.option("--fov", type=float, help="degrees that the camera sees across its longer side")
@click.option("--intrinsics", type=FILE, help="JSON: focal_px, centre_px, size, distortion")
@click.option("--jsonl", type=FILE, help="write the poses as JSON lines")
@click.option("--save", type=FILE, help="write a video with the skeletons, .mp4")
@click.option("--show/--no-show", default=None, help="a window; on where nothing is written")
@click.option(
    "--bones/--no-bones",
    default=False,
    show_default=True,
    help="Move depths until bones are as long as an adult's.",
)
@click.option(
    "--height-cm",
    type=click.FloatRange(50, 250),
    help="How tall the people are: how far they are follows from their bones.",
)
@click.option(
    "--root-depth",
    type=click.Choice(["network", "bones"]),
    help="How far people are: as the network says, or as far as an adult's bones are.  "
    "[default: bones with --height-cm, else network]",
)
@click.option(
    "--mirror/--no-mirror",
    default=False,
    show_default=True,
    help="See each person in a mirror too: less error, two calls of the engine.",
)
@click.option("--smooth/--no-smooth", default=True, show_default=True, help="One-Euro filter")
@click.option(
    "--detector",
    type=click.Choice(["follow", "blazepose", "full-frame"]),
    default="follow",
    show_default=True,
    help="who is where: look and follow, look at every frame, the frame is the person",
)
@click.option("--max-frames", type=click.IntRange(min=1), help="stop after so many")
@click.option(
    "--max-latency-ms",
    type=click.FloatRange(min=0, min_open=True),
    help="of the engine, one person: take the most accurate that is in time on this machine",
)
@click.option(
    "--max-error-mm",
    type=click.FloatRange(min=0, min_open=True),
    help="by the model card: take the quickest engine that is no farther off",
)
@click.option(
    "--govern/--no-govern",
    default=True,
    show_default=True,
    help="where a time is to be kept: take shallower cuts while the machine is slower",
)
def command(**options: Any) -> None:
    """Real-time 3D poses of the people in front of one camera.

    With nothing to write and no window, a file or folder becomes NAME.poses.mp4 and
    NAME.poses.jsonl in the current folder; a camera or live URL is shown in a window.

    --max-latency-ms and --max-error-mm choose cut, precision and backend, as far as these are auto,
    from what edge3dpose tune has measured here; without that, the cut alone. --cut auto of a camera
    whose frame rate is known takes the best that keeps up with it. What is taken is said, with why.
    """
    from edge3dpose.commands._run import run_command

    run_command(**options)
