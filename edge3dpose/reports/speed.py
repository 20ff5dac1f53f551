"""A speed report as tables, and what it was measured on in words.

No table shows a speed without the error of the same row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from rich.console import Console

from edge3dpose.reports.columns import CUT, NOT_MEASURED, Column, Figure, Table, make_table
from edge3dpose.reports.rows import (
    EnergyCounters,
    PeerError,
    PeerRow,
    SpeedReport,
    SpeedRow,
    TimingStats,
)

ERRORS_NOTE = (
    "MPJPE is the model card's: the network in FP32 on held-out synthetic people, the true root "
    "depth given, pelvis aligned. An engine's deviation from FP32 on people of the source is added "
    "in squares. No figure is of Human3.6M."
)


def print_tables(report: SpeedReport, console: Console) -> None:
    """Print engines alone, end to end, peers and footprints, each where it was measured."""
    tables = (
        engine_table(report),
        end_to_end_table(report),
        crowds_table(report),
        peers_table(report),
        footprint_table(report),
    )
    for table in tables:
        table.print_to(console)


def error(row: SpeedRow) -> float | str:
    """MPJPE as it stands beside a speed."""
    value = row.error_mm()
    return NOT_MEASURED if value is None else value


def engine_table(report: SpeedReport, *, detail: bool = False) -> Table:
    """Each engine alone; in detail also its rounds, its size and its distance from FP32."""
    rows = [row for row in report.rows if row.engine]
    columns = [
        ("engine", lambda row: row.name),
        ("mpjpe_mm", error),
        ("deviation_mm", lambda row: row.deviation_mm),
        *_percentiles("engine", lambda row: row.engine),
        *_energy("call", rows, lambda row: row.engine.mj_per_call),
    ]
    if detail:
        columns += [
            ("p50 ms of the rounds", lambda row: _span(row.engine.rounds_p50_ms, ".2f")),
            ("calls", lambda row: row.engine.n),
            ("engine_mb", lambda row: row.engine_bytes / 1e6),
        ]
    return make_table(f"{_title(report)}: engine alone", rows, columns)


def end_to_end_table(report: SpeedReport, *, detail: bool = False) -> Table:
    """Each engine in the whole loop; in detail also its rounds, its frames and its stages."""
    rows = [row for row in report.rows if row.end_to_end]
    columns = [
        ("engine", lambda row: row.name),
        ("mpjpe_mm", error),
        ("fps", lambda row: row.end_to_end.fps),
        *_percentiles("frame", lambda row: row.end_to_end.frame),
        *_energy("frame", rows, lambda row: row.end_to_end.mj_per_frame),
    ]
    if detail:
        columns += [
            ("FPS of the rounds", lambda row: _span(row.end_to_end.rounds_fps, ".1f")),
            ("frames_processed", lambda row: row.end_to_end.frames_processed),
            ("frames_with_people", lambda row: row.end_to_end.frames_with_people),
            ("frames_dropped", lambda row: row.end_to_end.frames_dropped),
            *_stages(rows),
        ]
    return make_table(f"{_title(report)}: end to end", rows, columns)


def crowds_table(report: SpeedReport) -> Table:
    """Each engine in the whole loop, by the number of people in the picture."""
    rows = [(row, crowd) for row in report.rows for crowd in row.crowds]
    columns: list[Column] = [
        ("engine", lambda row: row[0].name),
        ("mpjpe_mm", lambda row: error(row[0])),
        ("people", lambda row: row[1].people),
        ("found", lambda row: row[1].found),
        ("fps", lambda row: row[1].fps),
        ("frame_p50_ms", lambda row: row[1].frame and row[1].frame.p50_ms),
        ("frame_p99_ms", lambda row: row[1].frame and row[1].frame.p99_ms),
    ]
    return make_table("several people, end to end", rows, columns, mark_best=False)


def overview_table(report: SpeedReport) -> Table:
    """Cuts down, backends and precisions across: engine ms and frames a second in a cell."""
    runners = list(dict.fromkeys(row.runner for row in report.rows))
    by_place = {(row.cut, row.runner): row for row in report.rows}

    def first(cut: int) -> SpeedRow:
        return next(row for row in report.rows if row.cut == cut)

    def both(runner: str) -> Callable[[int], str | None]:
        return lambda cut: _both_speeds(by_place.get((cut, runner)))

    columns: list[Column] = [
        (CUT, lambda cut: cut),
        ("mpjpe_mm", lambda cut: first(cut).error.get("mpjpe_mm", NOT_MEASURED)),
        ("pa_mpjpe_mm", lambda cut: first(cut).error.get("pa_mpjpe_mm")),
        *((Figure(runner, runner, "ms / FPS"), both(runner)) for runner in runners),
    ]
    return make_table(_title(report), dict.fromkeys(row.cut for row in report.rows), columns)


def peers_table(report: SpeedReport) -> Table:
    """Peers end to end, a row for each data set on which their error is known."""
    rows: list[tuple[PeerRow, str, PeerError | None]] = []
    for peer in report.peers:
        rows += [(peer, dataset, known) for dataset, known in peer.error.items()]
        rows += [] if peer.error else [(peer, "", None)]
    columns: list[Column] = [
        ("peer", lambda row: f"{row[0].name} {row[0].version}"),
        ("data set", lambda row: row[1]),
        ("mpjpe_mm", lambda row: row[2].mpjpe_mm if row[2] else NOT_MEASURED),
        ("own_mpjpe_mm", lambda row: row[2].ours.mpjpe_mm if row[2] and row[2].ours else None),
        ("people seen", lambda row: f"{row[2].seen} of {row[2].people}" if row[2] else None),
        ("fps", lambda row: row[0].end_to_end.fps),
        ("frame_p50_ms", lambda row: row[0].end_to_end.frame and row[0].end_to_end.frame.p50_ms),
        ("frames_with_people", lambda row: row[0].end_to_end.frames_with_people),
    ]
    return make_table("peers in the same run: end to end", rows, columns, mark_best=False)


def footprint_table(report: SpeedReport) -> Table:
    """Memory, start and CPU time of our engines and of peers."""
    everybody: list[SpeedRow | PeerRow] = [*report.rows, *report.peers]
    rows = [row for row in everybody if row.footprint]
    columns: list[Column] = [
        ("pipeline", lambda row: row.name),
        ("mpjpe_mm", lambda row: error(row) if isinstance(row, SpeedRow) else None),
        *((key, _footprint(key)) for key in ("peak_mb", "open_s", "first_pose_s")),
        ("cpu_ms_per_frame", _footprint("cpu_ms_per_frame")),
    ]
    return make_table("memory and first pose", rows, columns, mark_best=False)


def files_table(report: SpeedReport) -> Table:
    """The engine files that were measured."""
    columns: list[Column] = [
        ("engine", lambda row: row.name),
        ("version", lambda row: row.backend_version),
        ("engine_mb", lambda row: row.engine_bytes / 1e6),
        ("SHA-256", lambda row: row.engine_sha256),
    ]
    return make_table("engine files", report.rows, columns)


def headline(report: SpeedReport) -> str:
    """Model, weights, machine, time and commit in a line."""
    header = report.header
    commit = f", commit {header.commit}" if header.commit else ""
    return (
        f"{report.model} ({report.state}, weights {report.weights_sha256[:12]}) on "
        f"{header.machine.name}, {header.time}{commit}"
    )


def conditions(report: SpeedReport) -> dict[str, str]:
    """Machine, versions, load and protocol: name -> what the report says; no empty ones."""
    machine = report.header.machine
    found = {
        "processor": f"{machine.processor}, {machine.cores} cores usable",
        "instructions": " ".join(machine.instructions),
        "GPU": ", ".join(machine.gpus) or "none",
        "CUDA driver": machine.cuda_driver,
        "memory": f"{machine.memory_gb} GB",
        "system": f"{machine.system}, Python {machine.python}",
        "versions": ", ".join(f"{name} {one}" for name, one in machine.versions.items()),
        "commit": report.header.commit,
        "load average before": _numbers(machine.load_average),
        "load average after": _numbers(report.load_average_after),
        "scheduling": machine.scheduling,
        "clocks before": _clocks(machine.clocks),
        "clocks after": _clocks(report.clocks_after),
        "energy": _energy_text(report.energy),
        "source": f"{report.source}, {report.frame_size} px",
        "protocol": report.protocol,
        "weights": report.weights_sha256,
    }
    return {name: value for name, value in found.items() if value}


def _title(report: SpeedReport) -> str:
    return f"{report.model} on {report.source}"


def _percentiles(of: str, stats: Callable[[Any], TimingStats | None]) -> list[Column]:
    def value(percentile: int) -> Callable[[Any], float | None]:
        return lambda row: getattr(stats(row), f"p{percentile}_ms", None)

    return [(f"{of}_p{p}_ms", value(p)) for p in (50, 90, 95, 99)]


def _energy(a: str, rows: Iterable[SpeedRow], mj: Callable[[Any], dict | None]) -> list[Column]:
    """A column for each energy counter."""

    def value(counter: str) -> Callable[[Any], float | None]:
        return lambda row: (mj(row) or {}).get(counter)

    counters = dict.fromkeys(name for row in rows for name in mj(row) or {})
    return [(Figure(name, f"{name} energy a {a}", "mJ"), value(name)) for name in counters]


def _stages(rows: Iterable[SpeedRow]) -> list[Column]:
    """A column for each stage of the loop."""

    def value(name: str) -> Callable[[Any], float | None]:
        return lambda row: getattr(row.end_to_end.stages.get(name), "p50_ms", None)

    names = dict.fromkeys(name for row in rows if row.end_to_end for name in row.end_to_end.stages)
    return [(Figure(name, f"{name} p50", "ms", ".2f"), value(name)) for name in names]


def _footprint(key: str) -> Callable[[SpeedRow | PeerRow], float | None]:
    return lambda row: getattr(row.footprint, key)


def _both_speeds(row: SpeedRow | None) -> str | None:
    if row is None or not row.engine:
        return None
    fps = f"{row.end_to_end.fps:.1f}" if row.end_to_end else "-"
    return f"{row.engine.p50_ms:.1f} / {fps}"


def _span(values: Iterable[float], form: str) -> str:
    listed = sorted(values)
    return f"{listed[0]:{form}} to {listed[-1]:{form}}" if listed else ""


def _numbers(values: Iterable[float] | None) -> str:
    return " ".join(f"{value:g}" for value in values or ())


def _clocks(clocks: dict[str, Any] | None) -> str:
    """Frequencies, governor, power mode and temperatures."""
    parts = []
    for name, value in (clocks or {}).items():
        if isinstance(value, list):  # a value for each core
            value = " ".join(str(one) for one in dict.fromkeys(value))
        elif isinstance(value, dict):
            value = " ".join(f"{key} {one}" for key, one in value.items())
        parts.append(f"{name.replace('_', ' ')} {value}")
    return "; ".join(parts)


def _energy_text(energy: EnergyCounters | None) -> str:
    """What each counter covers, and why the others could not be read."""
    if energy is None:
        return ""
    read = [f"{name}: all energy of {covers}" for name, covers in energy.counters.items()]
    return "; ".join(read + [f"no {name}: {why}" for name, why in energy.lacking.items()])
