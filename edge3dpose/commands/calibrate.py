"""edge3dpose calibrate: real frames -> the INT8 ranges of a model."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

SWEEP_CROPS = 8  # the sweep runs the network once a layer on each


@click.command()
@click.option("--model", default="sspnet-lite", show_default=True, help="See: edge3dpose models.")
@click.option("--source", "sources", multiple=True, required=True,
              help="Video, folder of images or sample; repeatable.")  # fmt: skip
@click.option("--frames", default=256, show_default=True, help="Number of people, of all sources.")
@click.option("--method", default="percentile", show_default=True,
              help="max, percentile, entropy or mse.")  # fmt: skip
@click.option("--skip", multiple=True, help="A layer to leave in floating point; repeatable.")
@click.option("--within", "within_mm", default=6.0, show_default=True,
              help="Leave the most sensitive layers in floating point until the median joint of "
              "every cut is within so many mm of FP32.")  # fmt: skip
@click.option(
    "--weights",
    type=click.Path(path_type=Path),
    help="ONNX file of your own, with its card beside it.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="File to write.  [default: calibration/MODEL.ranges.json]",
)
def command(
    model: str,
    sources: tuple[str, ...],
    frames: int,
    method: str,
    skip: tuple[str, ...],
    within_mm: float,
    weights: Path | None,
    out: Path | None,
) -> None:
    """Find the INT8 ranges of a model on real people, for all of its cuts at once.

    The people are found and cropped as at run time. Ranges belong to one weights file: calibrate
    again after a new training.
    """
    import numpy as np
    from rich.console import Console
    from rich.progress import Progress

    from edge3dpose import models, paths
    from edge3dpose.compiler import calibrate, crops, ranges, sensitivity

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
        people = np.concatenate(found_in)
        looking = bar.add_task("ranges", total=1.0)
        found = calibrate.calibrate(
            opened,
            people,
            source=", ".join(Path(source).name for source in sources),
            method=method,
            skip=skip,
            progress=partial(_advance, bar, looking, 0),
        )
        sweeping = bar.add_task("layers", total=1.0)
        few = people[:: max(1, len(people) // SWEEP_CROPS)][:SWEEP_CROPS]
        found, loss = sensitivity.with_skip(
            opened, found, few, within_mm=within_mm, progress=partial(_advance, bar, sweeping, 0)
        )
    file = out or paths.home() / "calibration" / f"{model}.ranges.json"
    ranges.write(found, file)
    click.echo(f"{file}: {len(found.tensors)} ranges by {method} on {found.crops} people")
    click.echo(
        f"{len(found.skip)} layers stay in floating point; {loss.head}, which loses most, is "
        f"{loss.p50_mm:.1f} mm (median) and {loss.p99_mm:.1f} mm (99 %) from FP32"
    )


def _advance(bar: Any, task: Any, done: int, share: float) -> None:
    bar.update(task, completed=done + share)
