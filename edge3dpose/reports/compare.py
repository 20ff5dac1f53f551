"""Two speed reports of a model -> engine by engine what became faster or slower."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from rich.console import Console

from edge3dpose.errors import BadInput
from edge3dpose.reports.columns import NOT_MEASURED, Column, Figure, Table, make_table
from edge3dpose.reports.rows import Machine, PeerRow, SpeedReport, SpeedRow
from edge3dpose.reports.significance import TimeChange, time_change

BUSY_SHARE = 0.25  # of the cores that something else used: above it the machine was not idle

# Times are compared where these are the same, or where a report does not say
_MACHINE = ("processor", "instructions", "cores", "gpus")
_CLOCKS = ("governor", "power_mode", "cpu_max_mhz", "boost")
_FRAMES = ("source", "frame_size", "fps")  # for end to end times
_NOTED = ("system", "python", "scheduling", "load_average")
_NAMED = 4  # engines that are named where there are many


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """An engine or a peer that is in both reports."""

    name: str
    engine: TimeChange | None  # None where it was not measured, or must not be compared
    end_to_end: TimeChange | None
    error_mm: tuple[float | None, float | None]  # MPJPE, old and new
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two reports come to."""

    old_time: str
    new_time: str
    busy: str  # which machine had other work before the run, and how much; empty for none
    not_compared: str  # why times are not compared at all; empty where they are
    differences: tuple[str, ...]  # of machine, versions, weights, source
    rows: tuple[ComparedRow, ...]
    only_old: tuple[str, ...]  # engines that the other report lacks
    only_new: tuple[str, ...]

    @property
    def notes(self) -> list[str]:
        """What a reader must know before the table."""
        notes = [
            f"Old report {self.old_time}, new report {self.new_time}. Ratios are new time over old "
            "time: below 1 is faster; then the 99 % confidence interval."
        ]
        if self.not_compared:
            notes.append(f"Times are not compared: the machines differ: {self.not_compared}.")
        if self.busy:
            notes.append(f"The machine was busy: {self.busy}. Measure again when it is idle.")
        notes += [
            f"{name}: {shift:.2f}x in the median of all; a change that all share may be the "
            "machine's."
            for name, changes in self._changes().items()
            if (shift := median_ratio(changes)) is not None
        ]
        if self.differences:
            notes.append(f"Differences: {'; '.join(self.differences)}.")
        for which, names in (("old", self.only_old), ("new", self.only_new)):
            if names:
                more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
                notes.append(f"Only in the {which} report: {'; '.join(names[:_NAMED])}{more}.")
        return notes

    def _changes(self) -> dict[str, list[TimeChange | None]]:
        return {
            "Engines alone": [row.engine for row in self.rows],
            "End to end": [row.end_to_end for row in self.rows],
        }

    @property
    def table(self) -> Table:
        """A row an engine."""

        def error(which: int) -> Callable[[ComparedRow], float | str]:
            return lambda row: NOT_MEASURED if (mm := row.error_mm[which]) is None else mm

        columns: list[Column] = [
            ("engine", lambda row: row.name),
            (Figure("", "old MPJPE", "mm"), error(0)),
            (Figure("", "new MPJPE", "mm"), error(1)),
            ("engine alone", lambda row: row.engine and row.engine.text),
            ("end to end", lambda row: row.end_to_end and row.end_to_end.text),
            ("changed settings", lambda row: "; ".join(row.notes) or None),
        ]
        return make_table(f"compared with {self.old_time}", self.rows, columns)


def print_comparison(comparison: Comparison, console: Console) -> None:
    """Print the table and the notes."""
    comparison.table.print_to(console)
    for note in comparison.notes:
        console.print(note, highlight=False, markup=False)


def median_ratio(changes: Iterable[TimeChange | None]) -> float | None:
    """Median of the ratios; None for fewer than two."""
    ratios = [change.ratio for change in changes if change is not None]
    return median(ratios) if len(ratios) > 1 else None


def check_model(old: SpeedReport, model: str) -> None:
    """BadInput where a report is of another model than the one that is to be measured."""
    if old.model != model:
        raise BadInput(f"the reports are of {old.model} and {model}: nothing to compare")


def compare(old: SpeedReport, new: SpeedReport) -> Comparison:
    """Compare two reports of the same model; BadInput where they are of different ones."""
    check_model(old, new.model)
    before, after = _by_name(old), _by_name(new)
    was, now = old.header, new.header
    not_compared = "; ".join(_other_machine(was.machine, now.machine))
    same_frames = all(getattr(old, name) == getattr(new, name) for name in _FRAMES)
    return Comparison(
        old_time=was.time,
        new_time=now.time,
        busy="; ".join(_other_work("old", was.machine) + _other_work("new", now.machine)),
        not_compared=not_compared,
        differences=tuple(_differences(old, new)),
        rows=tuple(
            _compared(before[name], after[name], timed=not not_compared, same_frames=same_frames)
            for name in before
            if name in after
        ),
        only_old=tuple(name for name in before if name not in after),
        only_new=tuple(name for name in after if name not in before),
    )


def _by_name(report: SpeedReport) -> dict[str, SpeedRow | PeerRow]:
    rows: list[SpeedRow | PeerRow] = [*report.rows, *report.peers]
    return {row.name: row for row in rows}


def _compared(
    old: SpeedRow | PeerRow, new: SpeedRow | PeerRow, *, timed: bool, same_frames: bool
) -> ComparedRow:
    notes = [
        _changed(name, getattr(old, name), getattr(new, name))
        for name in ("threads", "backend_version", "version")
        if getattr(old, name, None) != getattr(new, name, None)
    ]
    return ComparedRow(
        old.name,
        engine=_time_change(_engine_ms(old), _engine_ms(new)) if timed else None,
        end_to_end=_time_change(_frame_ms(old), _frame_ms(new)) if timed and same_frames else None,
        error_mm=(_error_mm(old), _error_mm(new)),
        notes=tuple(notes),
    )


def _time_change(old_ms: Sequence[float], new_ms: Sequence[float]) -> TimeChange | None:
    return time_change(old_ms, new_ms) if old_ms and new_ms else None


def _engine_ms(row: SpeedRow | PeerRow) -> list[float]:
    rounds = row.engine.rounds_p50_ms if isinstance(row, SpeedRow) and row.engine else ()
    return [ms for ms in rounds if ms > 0]


def _frame_ms(row: SpeedRow | PeerRow) -> list[float]:
    return [1000 / fps for fps in row.end_to_end.rounds_fps if fps > 0] if row.end_to_end else []


def _error_mm(row: SpeedRow | PeerRow) -> float | None:
    return row.error_mm() if isinstance(row, SpeedRow) else None


def _other_machine(old: Machine, new: Machine) -> list[str]:
    """What makes times of the two incomparable."""
    pairs = [(name, getattr(old, name), getattr(new, name)) for name in _MACHINE]
    was, now = old.clocks or {}, new.clocks or {}
    pairs += [(name, was[name], now[name]) for name in _CLOCKS if name in was and name in now]
    return [_changed(name, a, b) for name, a, b in pairs if a != b]


def _other_work(which: str, machine: Machine) -> list[str]:
    if not machine.load_average or machine.load_average[0] <= BUSY_SHARE * machine.cores:
        return []
    load = f"load average {machine.load_average[0]:g} on {machine.cores} cores"
    return [f"{load} before the {which} report"]


def _differences(old: SpeedReport, new: SpeedReport) -> list[str]:
    was, now = old.header, new.header
    names = sorted({*was.machine.versions, *now.machine.versions})
    pairs = [
        *((name, getattr(was.machine, name), getattr(now.machine, name)) for name in _NOTED),
        *((name, was.machine.versions.get(name), now.machine.versions.get(name)) for name in names),
        ("commit", was.commit, now.commit),
        *((name, getattr(old, name), getattr(new, name)) for name in ("weights_sha256", *_FRAMES)),
    ]
    return [_changed(name, a, b) for name, a, b in pairs if a != b]


def _changed(name: str, old: Any, new: Any) -> str:
    return f"{name.replace('_', ' ')} {_short(old)} -> {_short(new)}"


def _short(value: Any) -> str:
    if isinstance(value, list | tuple):
        return " ".join(str(one) for one in value) or "none"
    text = str(value)
    return text[:12] if len(text) == 64 else text
