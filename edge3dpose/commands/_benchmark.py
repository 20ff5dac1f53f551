"""What edge3dpose benchmark does, apart from its options, so that --help stays light."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console

from edge3dpose import models, paths, storage
from edge3dpose.bench.benchmark import benchmark as measure
from edge3dpose.commands._progress import builds, echo_left_out
from edge3dpose.records import to_json
from edge3dpose.reports import html as web_page
from edge3dpose.reports import speed_tables as speeds
from edge3dpose.reports.compare import Comparison
from edge3dpose.reports.compare import compare as compare_reports
from edge3dpose.reports.markdown import render as render_folder
from edge3dpose.reports.plot import plot as draw


def benchmark(
    *,
    measured: Path | None,
    report: Path | None,
    html: Path | None,
    plot: Path | None,
    compare: Path | None,
    trace: Path | None,
    **how: Any,
) -> None:
    """See the command's help."""
    old = storage.load_json(compare, "edge3dpose.speed/1") if compare else None
    governed = storage.load_json(trace, "edge3dpose.governor/1") if trace else None
    content = storage.load_json(measured, "edge3dpose.speed/1") if measured else _measure(how)
    if report is not None:  # first of all: nothing that comes after it may lose what was measured
        storage.save_json(report, content)
        click.echo(f"wrote {report}")
        several = len({row["cut"] for row in content["rows"]}) > 1
        plot = plot or (report.with_suffix(".png") if several else None)
    comparison = compare_reports(old, content) if old else None
    _print(content, comparison)
    if plot is not None:
        draw(content, plot)
        click.echo(f"wrote {plot}")
    if html is not None:
        web_page.write(html, content, comparison=comparison, trace=governed)
        click.echo(f"wrote {html}")


def _measure(how: dict[str, Any]) -> dict[str, Any]:
    with builds() as progress:
        report = measure(progress=progress, **how)
    echo_left_out(report.refused)
    return to_json(report)


def render() -> None:
    """Write REPORT.md, the README's table and the models' cards from the checkout's reports."""
    folder = paths.home() / "benchmarks"
    shipped = [name for name in models.specs() if paths.weights_file(name).is_file()]
    cards = [models.open_weights(models.find(name), None).card for name in shipped]
    for file in render_folder(folder, paths.home() / "README.md", cards):
        click.echo(f"wrote {file}")


def _print(content: dict, comparison: Comparison | None) -> None:
    console = Console()
    for table in speeds.tables(content):
        console.print(table)
    if comparison is not None:
        speeds.print_comparison(comparison, console)
