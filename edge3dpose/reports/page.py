"""A speed report -> one HTML page that needs nothing else: charts, tables, machine, files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edge3dpose import storage
from edge3dpose.reports import frame_times, plots, speed, speed_plots
from edge3dpose.reports.columns import Column, Table, make_table
from edge3dpose.reports.compare import Comparison
from edge3dpose.reports.governor_rows import GovernorPhase, GovernorReport
from edge3dpose.reports.rows import SpeedReport
from edge3dpose.reports.templating import render

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OPEN_ROWS = 24  # a table of more is folded
_RUNS = {"calls": "with the governor", "calls_of_one_cut": "one cut"}


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing and what it shows."""

    svg: str
    caption: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page."""

    title: str
    text: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()


def write(
    file: Path,
    report: SpeedReport,
    comparison: Comparison | None = None,
    governor: GovernorReport | None = None,
) -> None:
    """Write the page, whole or not at all."""
    storage.write_text(file, page(report, comparison, governor))


def page(
    report: SpeedReport,
    comparison: Comparison | None = None,
    governor: GovernorReport | None = None,
) -> str:
    """The page as text."""
    return render(
        "page.html",
        title=f"{report.model}: speed and error",
        headline=speed.headline(report),
        errors_note=speed.ERRORS_NOTE,
        sections=list(_sections(report, comparison, governor)),
        open_rows=OPEN_ROWS,
    )


def _sections(
    report: SpeedReport, comparison: Comparison | None, governor: GovernorReport | None
) -> Iterator[Section]:
    if any(row.engine for row in report.rows):
        yield _engine_section(report)
    if any(row.end_to_end for row in report.rows):
        yield _end_to_end_section(report)
    if report.peers:
        text, table = report.peers_protocol or "", speed.peers_table(report)
        yield Section("Peers in the same run", (text,), tables=(table,))
    if (table := speed.footprint_table(report)).rows:
        text = report.footprint_protocol or ""
        yield Section("Memory, first pose, CPU time", (text,), tables=(table,))
    if governor:
        yield _governor_section(governor)
    if comparison:
        title = f"Compared with {comparison.old_time}"
        yield Section(title, tuple(comparison.notes), tables=(comparison.table,))
    facts = make_table(
        "conditions",
        speed.conditions(report).items(),
        [("what", lambda fact: fact[0]), ("found", lambda fact: fact[1])],
    )
    yield Section("Machine and conditions", tables=(facts,))
    yield Section("Engine files", tables=(speed.files_table(report),))


def _engine_section(report: SpeedReport) -> Section:
    rows = [row for row in report.rows if row.engine]
    shown = speed_plots.worth_showing(rows, speed_plots.engine_ms)
    charts = _charts(
        ("engine", speed_plots.engine_chart(report), "Each marker is a cut. No engine is both "
         "grey Pareto front none is both faster and better."),
        ("percentiles", speed_plots.percentile_chart(shown), _which(shown, rows)
         + "Line: fastest call to p99. Bar: p50 to p90. Dot: p50."),
    )  # fmt: skip
    text = "One call of the engine on one person, the input tensor ready in memory."
    return Section("Engine alone", (text,), charts, (speed.engine_table(report, detail=True),))


def _end_to_end_section(report: SpeedReport) -> Section:
    rows = [row for row in report.rows if row.end_to_end and row.end_to_end.fps]
    shown = speed_plots.worth_showing(rows, speed_plots.frame_ms)
    charts = _charts(
        ("end-to-end", speed_plots.end_to_end_chart(report), "Each marker is a cut, a star a peer "
         "with its error on the people that it sees."),
        ("stages", speed_plots.stage_chart(shown), _which(shown, rows)
         + "source: the wait for the next frame."),
        ("frame-times", frame_times.frame_time_chart(shown, report.peers), "Share of the frames "
         "by how long they took. Line: p50. Dashes: p99. The wait for the source is not counted."),
    )  # fmt: skip
    text = (
        "The loop of edge3dpose run without sinks: reading, detection and tracking, crop, engine, "
        f"lift to 3D, filter; on {report.source} ({report.frame_size} px)."
    )
    table = speed.end_to_end_table(report, detail=True)
    return Section("End to end", (text,), charts, (table,))


def _governor_section(report: GovernorReport) -> Section:
    text = (
        f"{report.model}, deadline {report.deadline_ms:g} ms for the engine. Under load the "
        "governor takes a shallower cut, and the deeper one again when there is time for it."
    )
    chart = ("governor", plots.governor_chart(report), "Above: every call of the engine. Below: "
             "the cut in use.")  # fmt: skip
    rows = [(run, phase) for run, phases in report.phases.items() for phase in phases]
    columns: list[Column[tuple[str, GovernorPhase]]] = [
        ("run", lambda row: _RUNS.get(row[0], row[0])),
        ("phase", lambda row: row[1].phase),
        ("mpjpe_mm", lambda row: row[1].error_mm),
        ("in_time", lambda row: row[1].in_time),
        ("engine_p50_ms", lambda row: row[1].p50_ms),
        ("engine_p95_ms", lambda row: row[1].p95_ms),
        ("calls", lambda row: row[1].calls),
        ("changes of the cut", lambda row: row[1].changes),
    ]
    table = make_table("phases", rows, columns, mark_best=False)
    return Section("Governor", (text,), _charts(chart), (table,))


def _charts(*drawn: tuple[str, Figure | None, str]) -> tuple[Chart, ...]:
    """Name, drawing and caption of each; those that were not drawn are left out."""
    return tuple(
        Chart(plots.inline_svg(figure, name), caption) for name, figure, caption in drawn if figure
    )


def _which(shown: Sequence[object], rows: Sequence[object]) -> str:
    same = len(shown) == len(rows)
    return "" if same else f"{len(shown)} of {len(rows)} engines, those on the Pareto front. "
