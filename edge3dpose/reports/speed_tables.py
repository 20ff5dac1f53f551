"""A speed report and a comparison as people read them in a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from edge3dpose.reports import machine_facts
from edge3dpose.reports.compare import Comparison
from edge3dpose.reports.row_error import counted_mm
from edge3dpose.reports.significance import Verdict
from edge3dpose.reports.web_tables import energy, figure, told


def tables(content: dict) -> Iterator[Table]:
    """Engines alone, end to end, peers, footprints: each where there is something to tell."""
    named = f"{content['model']} on {content['source']}"
    yield _alone(content["rows"], f"{named}: engine alone, ms")
    yield _whole(content["rows"], f"{named}: end to end")
    if content.get("peers"):
        yield _peers(content["peers"])
    known = [row for row in (*content["rows"], *content.get("peers", [])) if row.get("footprint")]
    if known:
        yield _footprints(known)


def _alone(rows: list[dict], title: str) -> Table:
    more = ["mJ a call"] if told(rows, "engine", "mj_per_call") else []
    shown = _table(title, "MPJPE mm", "p50", "p90", "p95", "p99", *more)
    for row in rows:
        one = row["engine"]
        times = (f"{one[f'p{p}_ms']:.1f}" for p in (50, 90, 95, 99))
        joules = [energy(one.get("mj_per_call"))] if more else []
        shown.add_row(_name(row), _error(row), *times, *joules)
    return shown


def _whole(rows: list[dict], title: str) -> Table:
    more = ["mJ a frame"] if told(rows, "end_to_end", "mj_per_frame") else []
    shown = _table(title, "MPJPE mm", "FPS", "frame p50 ms", "p95", "p99", *more)
    for row in rows:
        one = row["end_to_end"]
        times = (f"{one['frame'][f'p{p}_ms']:.1f}" for p in (50, 95, 99))
        joules = [energy(one.get("mj_per_frame"))] if more else []
        shown.add_row(_name(row), _error(row), f"{one['fps']:.1f}", *times, *joules)
    return shown


def _peers(peers: list[dict]) -> Table:
    shown = _table(
        "peers in the same run: end to end", "error on", "MPJPE mm", "ours there", "FPS", "p50 ms"
    )
    for peer in peers:
        one = peer["end_to_end"]
        speed = (f"{one['fps']:.1f}", f"{one['frame']['p50_ms']:.1f}")
        if not peer["error"]:
            shown.add_row(peer["name"], "", "not measured", "", *speed)
        for dataset, said in peer["error"].items():
            ours = said.get("ours")
            mine = figure(ours and ours["mpjpe_mm"], 1)
            shown.add_row(peer["name"], dataset, f"{said['mpjpe_mm']:.1f}", mine, *speed)
    return shown


def _footprints(rows: list[dict]) -> Table:
    shown = _table("memory and first pose", "peak MB", "open s", "first pose s", "CPU ms a frame")
    for row in rows:
        one = row["footprint"]
        figures = (
            (one["peak_mb"], 0),
            (one["open_s"], 2),
            (one["first_pose_s"], 2),
            (one["cpu_ms_per_frame"], 1),
        )
        shown.add_row(row.get("name") or _name(row), *(figure(*pair) for pair in figures))
    return shown


def print_comparison(comparison: Comparison, console: Console) -> None:
    """What is to be said first, then engine by engine."""
    shown = _table(f"against {comparison.old_time}", "MPJPE mm, old", "new", "alone", "end to end")
    for row in comparison.rows:
        errors = (figure(one, 1) or "?" for one in row.error_mm)
        shown.add_row(row.name, *errors, _said(row.alone), _said(row.whole))
    console.print(shown)
    noted = [f"{row.name}: {'; '.join(row.notes)}." for row in comparison.rows if row.notes]
    for line in (*machine_facts.about(comparison), *noted):
        console.print(line, highlight=False)


def _said(verdict: Verdict | None) -> str:
    return verdict.text if verdict else ""


def _table(title: str, *columns: str) -> Table:
    shown = Table(title=title)
    shown.add_column("", no_wrap=True)
    for column in columns:
        shown.add_column(column, justify="right")
    return shown


def _name(row: dict) -> str:
    return f"cut {row['cut']}, {row['backend']} {row['precision']}"


def _error(row: dict) -> str:
    return figure(counted_mm(row), 1) or "?"
