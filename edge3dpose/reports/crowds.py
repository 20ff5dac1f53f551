"""A report on crowds as tables: a row a sequence, and errors by what is hidden."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console

from edge3dpose.reports.columns import Column, Figure, Table, make_table
from edge3dpose.reports.crowd_rows import CrowdRow, CrowdsReport, HiddenBin

FIGURES = (
    Figure("people", "people", form="d"),
    Figure("identities", "identities", form=".0f"),
    Figure("idf1", "IDF1", form=".3f"),
    Figure("mota", "MOTA", form=".3f"),
    Figure("switches", "switches", form=".0f"),
    Figure("missed", "missed", form=".1%"),
    Figure("false_a_frame", "false people a frame", form=".3f"),
    Figure("ghosts_a_minute", "ghosts a minute"),
    Figure("duplicates_a_minute", "of them duplicates"),
    Figure("entries", "entries", form=".0f"),
    Figure("found_s", "found after (median)", "s", ".2f"),
    Figure("found_90_s", "found after (90 %)", "s", ".2f"),
    Figure("found_soon", "found within 0.3 s", form=".0%"),
    Figure("mpjpe_mm", "MPJPE", "mm"),
    Figure("pa_mpjpe_mm", "PA-MPJPE", "mm"),
)
_NEVER = ("found_s", "found_90_s")


def print_tables(report: CrowdsReport, console: Console) -> None:
    """Print the protocol and both tables."""
    console.print(report.protocol)
    for table in (sequences_table([*report.rows, report.overall]), hidden_table(report.overall)):
        table.print_to(console)


def sequences_table(rows: list[CrowdRow], title: str = "crowds") -> Table:
    """All figures, a row a sequence or a report."""

    def value(key: str) -> Callable[[CrowdRow], float | str | None]:
        return lambda row: _shown(row, key)

    columns: list[Column] = [("sequence", lambda row: row.name)]
    columns += [(figure, value(figure.key)) for figure in FIGURES]
    return make_table(title, rows, columns, mark_best=False)


def hidden_table(row: CrowdRow) -> Table:
    """Recall and errors by how much of a person is hidden."""
    columns: list[Column] = [
        ("hidden", lambda one: f"{one.lowest:.0%} to {one.highest:.0%}"),
        (Figure("people", "people, over the frames", form="d"), lambda one: one.people),
        (Figure("found", "found", form=".1%"), lambda one: one.found),
        (Figure("mpjpe_mm", "MPJPE", "mm"), lambda one: one.mpjpe_mm),
        (Figure("pa_mpjpe_mm", "PA-MPJPE", "mm"), lambda one: one.pa_mpjpe_mm),
    ]
    bins: tuple[HiddenBin, ...] = row.by_hidden
    return make_table("by how much of a person is hidden", bins, columns, mark_best=False)


def _shown(row: CrowdRow, key: str) -> float | str | None:
    if key == "people":
        return row.people
    value = row.figures.get(key)
    return "never" if value is None and key in _NEVER and row.figures.get("entries") else value
