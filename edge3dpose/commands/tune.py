"""edge3dpose tune: every cut and precision measured once on this machine, for run to use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.option("--model", default="sspnet-lite", show_default=True, help="see: models")
@click.option("--weights", type=FILE, help="ONNX file of your own, with its card beside it")
@click.option("--cut", default="all", show_default=True, help="K, K,K,... or all")
@click.option(
    "--precision",
    default="auto",
    show_default=True,
    help="P or P,P,...; auto is every one that the backend computes in here",
)
@click.option("--backend", default="auto", show_default=True, help="B or B,B,...")
@click.option("--engines", type=FOLDER, help="folder of built engines")
@click.option("--threads", type=click.IntRange(min=1), help="of a CPU backend")
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(min=1),
              help="visits to every engine, in turn")  # fmt: skip
@click.option("--calls", default=15, show_default=True, type=click.IntRange(min=1),
              help="of an engine, a round")  # fmt: skip
def command(**options: Any) -> None:
    """Measure every cut and precision on this machine, and keep that for run.

    Each engine is built if need be and timed alone on one person, in rounds of shuffled turn; where
    memory is short, one of them is open at a time. Shown are milliseconds (of half and of 90 % of
    the calls) against the error in mm: the model card's, which is FP32's, and what the engine
    itself adds, its distance from FP32 on the sample's people, in squares. With that, run
    --max-latency-ms, --max-error-mm and the frame rate of a camera choose the best engine, and time
    nothing.

    A profile holds for this machine, these weights and this number of threads; a new one replaces
    it. Let the machine rest meanwhile.
    """
    from edge3dpose.bench.tune import tune

    tune(**options)
