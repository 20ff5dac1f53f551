"""Errors on recordings of real people as tables: one a recording, and the mean of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from edge3dpose.reports.accuracy_rows import AccuracyReport
from edge3dpose.reports.columns import Column, Figure, Table, make_table
from edge3dpose.reports.recording_rows import ANSWER, OURS, PEER, TRUTH, SystemRow

_KINDS = {OURS: "", PEER: "", ANSWER: " (its own answer)", TRUTH: "the true motion"}
_FIGURES = (
    *("pa_mpjpe_mm", "one_rotation_mm", "mpjpe_mm", "root_depth_error_mm", "root_depth_error"),
    *("velocity_error_mm_s", "acceleration_m_s2", "bone_wobble", "knee_flexion_error_deg"),
    *("hip_flexion_error_deg", "elbow_flexion_error_deg", "shoulder_elevation_error_deg"),
    *("within_1_std", "within_2_std", "missed"),
)

_Entry = tuple[SystemRow, dict[str, float | None], float | None]


def tables(report: AccuracyReport) -> list[Table]:
    """A table a recording, a row a system, then the means."""
    systems = report.recordings
    names = dict.fromkeys(row.name for system in systems for row in system.recordings)
    found = [
        _table(name, [
            (system, row.figures, row.offset_s)
            for system in systems for row in system.recordings if row.name == name
        ])
        for name in names
    ]  # fmt: skip
    return [*found, *([mean_table(report)] if len(names) > 1 else [])]


def mean_table(report: AccuracyReport) -> Table:
    """The means over the recordings, a row a system."""
    count = max((len(system.recordings) for system in report.recordings), default=0)
    title = f"mean of {count} recordings"
    whole = [one for one in report.recordings if len(one.recordings) == count]
    return _table(title, [(system, system.mean, None) for system in whole])


def _table(title: str, entries: Sequence[_Entry]) -> Table:
    def value(key: str) -> Callable[[_Entry], float | None]:
        return lambda entry: entry[1].get(key)

    columns: list[Column] = [
        ("system", lambda entry: _name(entry[0])),
        *((key, value(key)) for key in _FIGURES),
        (Figure("offset_s", "offset", "s", "+.3f"), lambda entry: entry[2]),
    ]
    return make_table(title, entries, columns, mark_best=False)


def _name(system: SystemRow) -> Any:
    return _KINDS[TRUTH] if system.kind == TRUTH else system.name + _KINDS[system.kind]
