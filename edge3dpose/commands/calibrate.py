"""edge3dpose calibrate: real frames -> the INT8 ranges of a model."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click


@click.command()
@click.option("--model", default="sspnet-lite", show_default=True)
@click.option("--source", "sources", multiple=True, required=True,
              help="Video, folder of images or sample; may be given more than once.")  # fmt: skip
@click.option("--frames", default=256, show_default=True, help="People to look at, of all sources.")
@click.option("--method", default="percentile", show_default=True,
              help="max, percentile, entropy or mse.")  # fmt: skip
@click.option("--skip", multiple=True, help="A layer to leave in floating point; repeatable.")
@click.option("--weights", type=click.Path(path_type=Path), help="ONNX file with its card beside.")
@click.option("--out", type=click.Path(path_type=Path), help="File of the ranges.")
def command(
    model: str,
    sources: tuple[str, ...],
    frames: int,
    method: str,
    skip: tuple[str, ...],
    weights: Path | None,
    out: Path | None,
) -> None:
    """Find the INT8 ranges of a model on real people, for all of its cuts at once.

    The people are found and cropped as at run time. Ranges belong to one weights file: after a new
    training they are found again.
    """
    import numpy as np
    from rich.console import Console
    from rich.progress import Progress

    from edge3dpose import models, paths
    from edge3dpose.compiler import calibrate, crops, ranges

    spec = models.find(model)
    opened = models.open_weights(spec, weights)
    each = -(-frames // len(sources))
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as bar:
        finding = bar.add_task("find people", total=len(sources))
        found_in = []
        for n, source in enumerate(sources):
            step = partial(_advance, bar, finding, n)
            found_in.append(crops.from_source(source, spec, each, step))
        looking = bar.add_task("ranges", total=1.0)
        found = calibrate.calibrate(
            opened,
            np.concatenate(found_in),
            source=", ".join(Path(source).name for source in sources),
            method=method,
            skip=skip,
            progress=partial(_advance, bar, looking, 0),
        )
    file = out or paths.home() / "calibration" / f"{model}.ranges.json"
    ranges.write(found, file)
    click.echo(f"{file}: {len(found.tensors)} ranges by {method} on {found.crops} people")


def _advance(bar: Any, task: Any, done: int, share: float) -> None:
    bar.update(task, completed=done + share)
