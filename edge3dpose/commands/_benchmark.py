"""What edge3dpose benchmark does, apart from its options, so that --help stays light."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edge3dpose import models, paths
from edge3dpose.bench.benchmark import benchmark as measure
from edge3dpose.commands._progress import builds, echo_left_out
from edge3dpose.reports import compare as comparing
from edge3dpose.reports import documents, page, plots, rows, speed, speed_plots
from edge3dpose.reports.columns import wide_console
from edge3dpose.reports.governor_rows import GovernorReport
from edge3dpose.reports.rows import SpeedReport
from edge3dpose.selection.defaults import best_cut


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
    for option, file in (("--html", html), ("--plot", plot)):
        if file is not None:
            plots.require_matplotlib(option)
    old = rows.load(SpeedReport, compare) if compare else None
    governor = rows.load(GovernorReport, trace) if trace else None
    content = rows.load(SpeedReport, measured) if measured else _measure(how)
    if report is not None:  # first of all: nothing that comes after it may lose what was measured
        rows.save(content, report)
        click.echo(f"wrote {report}")
        several = len({row.cut for row in content.rows}) > 1
        plot = plot or (report.with_suffix(".png") if several and plots.available() else None)
    console = wide_console()
    speed.print_tables(content, console)
    comparison = comparing.compare(old, content) if old else None
    if comparison is not None:
        comparing.print_comparison(comparison, console)
    if plot is not None and (chart := speed_plots.engine_chart(content)):
        plots.save(chart, plot)
        click.echo(f"wrote {plot}")
    if html is not None:
        page.write(html, content, comparison, governor)
        click.echo(f"wrote {html}")


def _measure(how: dict[str, Any]) -> SpeedReport:
    with builds() as progress:
        report = measure(progress=progress, **how)
    echo_left_out(report.refused)
    return report


def render() -> None:
    """Write the documents of the checkout from its reports."""
    for file in documents.render_all(paths.home() / "benchmarks", paths.home(), shipped_models()):
        click.echo(f"wrote {file}")


def shipped_models() -> list[documents.ShippedModel]:
    """The models whose weights come with the package."""
    names = [name for name in models.specs() if paths.weights_file(name).is_file()]
    opened = [models.open_weights(models.find(name), None) for name in names]
    return [documents.ShippedModel(one.card, best_cut(one)[0]) for one in opened]
