"""edge3dpose tune: time every cut and precision once on this machine, for run to use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.option("--model", default="sspnet-lite", show_default=True, help="See: edge3dpose models.")
@click.option("--weights", type=FILE, help="ONNX file of your own, with its card beside it.")
@click.option(
    "--cut", default="all", show_default=True, help="A number, numbers with commas between, or all."
)
@click.option(
    "--precision",
    default="auto",
    show_default=True,
    help="One or several with commas between; auto is all that the backend supports here.",
)
@click.option(
    "--backend",
    default="auto",
    show_default=True,
    help="One or several with commas between, or auto.",
)
@click.option("--engines", type=FOLDER, help="Folder of built engines.")
@click.option("--threads", type=click.IntRange(min=1), help="Threads of a CPU backend.")
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(min=1),
              help="Rounds over all engines.")  # fmt: skip
@click.option("--calls", default=15, show_default=True, type=click.IntRange(min=1),
              help="Calls of an engine in a round.")  # fmt: skip
def command(**options: Any) -> None:
    """Time every cut and precision on this machine, once, and keep the result for run.

    Each engine is built where the cache has none, and timed alone on one person, in rounds of
    shuffled order. The table shows milliseconds (median and 90 % of the calls) against the error in
    mm: that of the model card, which is FP32's, and the engine's distance from FP32 on the people
    of the sample, added in squares. run --max-latency-ms, --max-error-mm and a camera's frame rate
    then choose the best engine from this profile.

    A profile holds for this machine, these weights and this number of threads. A new one replaces
    it. Let the machine rest meanwhile.
    """
    from edge3dpose.bench.tune import tune
    from edge3dpose.commands._progress import builds, echo_left_out
    from edge3dpose.errors import BadInput
    from edge3dpose.reports.columns import wide_console
    from edge3dpose.reports.tune import print_tables

    with builds() as progress:
        result = tune(progress=progress, **options)
    echo_left_out(result.left_out)
    print_tables(result, wide_console())
    if result.fault:
        raise BadInput(result.fault)
    click.echo(f"wrote {result.file}")
