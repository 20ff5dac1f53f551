"""A report on people finders as tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import Console

from edge3dpose.reports.columns import Column, Figure, Table, make_table
from edge3dpose.reports.people_rows import FinderRow, Found, PeopleReport

_RECALL = Figure("recall", "people found", form=".1%", better="higher")
_FALSE = Figure("false_alarms_a_picture", "false alarms a picture", form=".2f", better="lower")
_BOX_RECALL = Figure("box_recall", "by tight boxes", form=".1%")
_BOX_FALSE = Figure("box_false", "false alarms", form=".2f")
_POSE_RECALL = Figure("pose_recall", "found after the pose check", form=".1%", better="higher")
_POSE_FALSE = Figure("pose_false", "false alarms after it", form=".2f", better="lower")
_SEARCH = Figure("search_p50_ms", "search p50", "ms", better="lower")
_SEARCH_MIN = Figure("search_min_ms", "search min", "ms", better="lower")


def print_tables(report: PeopleReport, console: Console) -> None:
    """Print the protocol, the detectors and the pictures that are not as they should be."""
    console.print(report.protocol)
    finders_table(report).print_to(console)
    pictures_table(report).print_to(console)


def finders_table(report: PeopleReport) -> Table:
    """A row a detector and precision."""

    def of(part: str, key: str) -> Callable[[FinderRow], Any]:
        def value(row: FinderRow) -> Any:
            found: Found | None = getattr(row, part)
            return None if found is None else getattr(found, key)

        return value

    columns: list[Column] = [
        ("detector", lambda row: row.detector),
        ("computed in", lambda row: f"{row.precision}, {row.runtime}"),
        (_RECALL, of("by_roi", "recall")),
        (_FALSE, of("by_roi", "false_alarms_a_picture")),
        (_BOX_RECALL, of("by_box", "recall")),
        (_BOX_FALSE, of("by_box", "false_alarms_a_picture")),
        (_POSE_RECALL, of("by_pose", "recall")),
        (_POSE_FALSE, of("by_pose", "false_alarms_a_picture")),
        (_SEARCH, lambda row: row.search.p50_ms),
        (_SEARCH_MIN, lambda row: row.search.min_ms),
    ]
    title = f"{report.people} people in {report.picture_count} pictures"
    return make_table(title, report.rows, columns, mark_best=False)


def pictures_table(report: PeopleReport) -> Table:
    """The pictures in which somebody is missed or there are false alarms, after the pose check."""
    rows = [
        (row.detector, picture)
        for row in report.rows
        for picture in row.pictures
        if picture.found_by_pose < picture.people or picture.false_alarms_by_pose
    ]
    columns: list[Column] = [
        ("detector", lambda entry: entry[0]),
        ("picture", lambda entry: entry[1].name),
        ("found", lambda entry: f"{entry[1].found_by_pose} of {entry[1].people}"),
        (Figure("false", "false alarms", form="d"), lambda entry: entry[1].false_alarms_by_pose),
    ]
    return make_table("missed people and false alarms", rows, columns, mark_best=False)
