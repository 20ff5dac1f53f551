"""A report on crowds as tables: a row a sequence, and errors by what is hidden."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rich.console import Console

from edge3dpose.reports.columns import Column, Figure, Table, make_table
from edge3dpose.reports.crowd_rows import ClipRow, ClipsReport, CrowdRow, CrowdsReport, HiddenBin

IDENTITIES = (
    Figure("people", "people", form="d"),
    Figure("identities", "identities", form=".0f"),
    Figure("idf1", "IDF1", form=".3f"),
    Figure("mota", "MOTA", form=".3f"),
    Figure("switches", "switches", form=".0f"),
    Figure("missed", "missed", form=".1%"),
    Figure("false_a_frame", "false people a frame", form=".3f"),
    Figure("ghosts_a_minute", "ghosts a minute"),
    Figure("duplicates_a_minute", "of them duplicates"),
)
FINDING = (
    Figure("entries", "entries", form=".0f"),
    Figure("found_s", "found after (median)", "s", ".2f"),
    Figure("found_90_s", "found after (90 %)", "s", ".2f"),
    Figure("found_soon", "found within 0.3 s", form=".0%"),
    Figure("mpjpe_mm", "MPJPE", "mm"),
    Figure("pa_mpjpe_mm", "PA-MPJPE", "mm"),
)
CLIPS = (
    Figure("frames", "frames", form="d"),
    Figure("people", "people, by eye", form="d"),
    Figure("identities", "identities", form=".0f"),
    Figure("people_a_frame", "skeletons a frame", form=".2f"),
    Figure("most", "at most", form=".0f"),
    Figure("too_many", "frames with too many", form=".0f"),
    Figure("duplicates", "frames with a duplicate", form=".0f"),
    Figure("in_empty", "frames with nobody but a skeleton", form=".0f"),
    Figure("entries", "entries", form=".0f"),
    Figure("found_last_s", "last found after", "s", ".2f"),
    Figure("found_soon", "found within 0.3 s", form=".0%"),
    Figure("frozen_mm", "frozen picture", "mm"),
    Figure("noisy_mm", "noisy picture", "mm"),
)
_NEVER = ("found_last_s", "found_s", "found_90_s")


def print_tables(report: CrowdsReport, console: Console) -> None:
    """Print the protocol and both tables."""
    console.print(report.protocol)
    rows = [*report.rows, report.overall]
    tables = (identities_table(rows), finding_table(rows), hidden_table([report.overall]))
    for table in tables:
        table.print_to(console)


def overall_rows(reports: dict[str, CrowdsReport]) -> list[CrowdRow]:
    """What each report says of all its crowds, named by its file: crowds-NAME.json."""
    return [
        replace(report.overall, name=file.removeprefix("crowds-").removesuffix(".json"))
        for file, report in reports.items()
    ]


def identities_table(rows: list[CrowdRow]) -> Table:
    """Who is who: a row a sequence or a report."""
    return _table("identities and ghosts", rows, IDENTITIES)


def finding_table(rows: list[CrowdRow]) -> Table:
    """How soon people are found, and how well: a row a sequence or a report."""
    return _table("people who come in, and errors of those found", rows, FINDING)


def clips_table(report: ClipsReport) -> Table:
    """A row a clip."""

    def value(key: str) -> Callable[[ClipRow], float | str | None]:
        return lambda row: _shown(row, key)

    columns: list[Column] = [("clip", lambda row: row.name)]
    columns += [(figure, value(figure.key)) for figure in CLIPS]
    return make_table("real clips", report.rows, columns, mark_best=False)


def _table(title: str, rows: list[CrowdRow], figures: tuple[Figure, ...]) -> Table:
    def value(key: str) -> Callable[[CrowdRow], float | str | None]:
        return lambda row: _shown(row, key)

    columns: list[Column] = [("crowd", lambda row: row.name)]
    columns += [(figure, value(figure.key)) for figure in figures]
    return make_table(title, rows, columns, mark_best=False)


def hidden_table(rows: list[CrowdRow]) -> Table:
    """Recall and errors by how much of a person is hidden."""
    bins = [(row.name, one) for row in rows for one in row.by_hidden]

    def value(key: str) -> Callable[[tuple[str, HiddenBin]], float | None]:
        return lambda entry: getattr(entry[1], key)

    columns: list[Column] = [
        ("crowd", lambda entry: entry[0]),
        ("hidden", lambda entry: f"{entry[1].lowest:.0%} to {entry[1].highest:.0%}"),
        (Figure("people", "people, over the frames", form="d"), value("people")),
        (Figure("found", "found", form=".1%"), value("found")),
        (Figure("mpjpe_mm", "MPJPE", "mm"), value("mpjpe_mm")),
        (Figure("pa_mpjpe_mm", "PA-MPJPE", "mm"), value("pa_mpjpe_mm")),
    ]
    return make_table("by how much of a person is hidden", bins, columns, mark_best=False)


def _shown(row: CrowdRow | ClipRow, key: str) -> float | str | None:
    if key in ("people", "frames"):
        return int(getattr(row, key))
    value = row.figures.get(key)
    return "never" if value is None and key in _NEVER and row.figures.get("entries") else value
