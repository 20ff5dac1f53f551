"""edge3dpose benchmark: how long engines take, alone and end to end, beside each cut's error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.option("--model", default="sspnet-lite", show_default=True, help="see: models")
@click.option("--weights", type=FILE, help="ONNX file of your own, with its card beside it")
@click.option("--cut", default="auto", show_default=True, help="K, K,K,..., all, or auto")
@click.option("--precision", default="auto", show_default=True, help="P or P,P,...")
@click.option("--backend", default="auto", show_default=True, help="B or B,B,...")
@click.option("--engines", type=FOLDER, help="folder of built engines")
@click.option("--threads", type=click.IntRange(min=1), help="of a CPU backend")
@click.option("--camera", type=click.IntRange(min=0), help="number of a camera")
@click.option("--source", default="sample", show_default=True, help="video, folder, URL, sample")
@click.option("--max-frames", type=click.IntRange(min=1), help="end to end, a round")
@click.option("--calls", default=50, show_default=True, help="of an engine alone, a round")
@click.option("--rounds", default=3, show_default=True, help="visits to every engine, in turn")
@click.option("--report", type=FILE, help="write what was measured as JSON")
@click.option("--plot", type=FILE, help="write milliseconds against error as PNG")
@click.option("--render", is_flag=True, help="write REPORT.md and the README's table, and stop")
def command(render: bool, **options: Any) -> None:
    """Time engines on real frames: the engine alone, and the whole loop that run uses.

    Several cuts, precisions and backends are measured in turn, round by round, so that what else
    the machine does falls on all of them alike. --cut all with --report also draws the plot,
    beside the report. --render makes documents of the reports under benchmarks/.
    """
    from edge3dpose.commands import _benchmark

    if render:
        _benchmark.render()
    else:
        _benchmark.benchmark(**options)
