"""Two speed reports -> engine by engine what became faster or slower, where that can be said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from edge3dpose.errors import BadInput
from edge3dpose.reports.row_error import counted_mm
from edge3dpose.reports.significance import Verdict, judge

QUIET = 0.25  # of the cores may have had something else to do

# What has to be the same for a time to be compared; a report that does not tell of it passes
_MACHINE = ("processor", "instructions", "cores", "gpus")
_CLOCKS = ("governor", "power_mode", "cpu_max_mhz", "boost")
_FRAMES = ("source", "frame_size", "fps")  # the same, or end to end is something else
_NOTED = ("system", "python", "scheduling", "load_average")


@dataclass(frozen=True, slots=True)
class Compared:
    """An engine or a peer of both reports."""

    name: str
    alone: Verdict | None  # None where it was not measured, or must not be compared
    whole: Verdict | None
    error_mm: tuple[float | None, float | None]  # MPJPE, old and new
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two reports come to."""

    old_time: str
    new_time: str
    busy: str  # which machine had other work before the run began, and how much; empty for none
    refusal: str  # why there is no verdict at all; empty where there are verdicts
    differences: tuple[str, ...]  # of machine, versions, weights, source
    rows: tuple[Compared, ...]
    old_alone: tuple[str, ...]  # engines that the other report lacks
    new_alone: tuple[str, ...]

    def shift(self, measured: str) -> float | None:
        """Median ratio of all engines, ``alone`` or ``whole``: what the machine itself may be."""
        found = [getattr(row, measured) for row in self.rows]
        ratios = [verdict.ratio for verdict in found if verdict is not None]
        return median(ratios) if len(ratios) > 1 else None


def compare(old: dict[str, Any], new: dict[str, Any]) -> Comparison:
    """Two reports of the same model. BadInput where they are of different ones."""
    if old["model"] != new["model"]:
        raise BadInput(f"the reports are of {old['model']} and {new['model']}: nothing to compare")
    before, after = _rows(old), _rows(new)
    refusal = "; ".join(_other_machine(old, new))
    same_frames = all(old.get(name) == new.get(name) for name in _FRAMES)
    return Comparison(
        old_time=old["time"],
        new_time=new["time"],
        busy="; ".join(_other_work("old", old) + _other_work("new", new)),
        refusal=refusal,
        differences=tuple(_differences(old, new)),
        rows=tuple(
            _compared(name, before[name], after[name], not refusal, same_frames)
            for name in before
            if name in after
        ),
        old_alone=tuple(name for name in before if name not in after),
        new_alone=tuple(name for name in after if name not in before),
    )


def _rows(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    engines = {
        f"cut {row['cut']}, {row['backend']} {row['precision']}": row for row in report["rows"]
    }
    return engines | {peer["name"]: peer for peer in report.get("peers", [])}


def _compared(
    name: str, old: dict[str, Any], new: dict[str, Any], timed: bool, same_frames: bool
) -> Compared:
    notes = [
        f"{what} {old.get(what)} -> {new.get(what)}"
        for what in ("threads", "backend_version", "version")
        if old.get(what) != new.get(what)
    ]
    return Compared(
        name,
        alone=_verdict(_alone_ms(old), _alone_ms(new)) if timed else None,
        whole=_verdict(_whole_ms(old), _whole_ms(new)) if timed and same_frames else None,
        error_mm=(counted_mm(old), counted_mm(new)),
        notes=tuple(notes),
    )


def _verdict(old_ms: Sequence[float], new_ms: Sequence[float]) -> Verdict | None:
    return judge(old_ms, new_ms) if old_ms and new_ms else None


def _alone_ms(row: dict[str, Any]) -> list[float]:
    return (row.get("engine") or {}).get("rounds_p50_ms", [])


def _whole_ms(row: dict[str, Any]) -> list[float]:
    rates = (row.get("end_to_end") or {}).get("rounds_fps", [])
    return [1000 / fps for fps in rates if fps]


def _other_machine(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """What makes times of the two incomparable."""
    was, now = old["machine"], new["machine"]
    clocks = was.get("clocks", {}), now.get("clocks", {})
    pairs = [(name, was.get(name), now.get(name)) for name in _MACHINE]
    pairs += [
        (name, clocks[0][name], clocks[1][name])
        for name in _CLOCKS
        if name in clocks[0] and name in clocks[1]
    ]
    return [_told(name, a, b) for name, a, b in pairs if a != b]


def _other_work(which: str, report: dict[str, Any]) -> list[str]:
    loads, cores = report["machine"].get("load_average"), report["machine"]["cores"]
    if not loads or loads[0] <= QUIET * cores:
        return []
    return [f"load average {loads[0]:g} on {cores} cores before the {which} one"]


def _differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    was, now = old["machine"], new["machine"]
    pairs = [(name, was.get(name), now.get(name)) for name in _NOTED]
    versions = was["versions"], now["versions"]
    pairs += [
        (name, versions[0].get(name), versions[1].get(name))
        for name in sorted({*versions[0], *versions[1]})
    ]
    pairs += [
        (name, old.get(name), new.get(name)) for name in ("commit", "weights_sha256", *_FRAMES)
    ]
    return [_told(name, a, b) for name, a, b in pairs if a != b]


def _told(name: str, old: object, new: object) -> str:
    return f"{name.replace('_', ' ')} {_short(old)} -> {_short(new)}"


def _short(value: object) -> str:
    if isinstance(value, list):
        return " ".join(str(one) for one in value) or "none"
    text = str(value)
    return text[:12] if len(text) == 64 else text
