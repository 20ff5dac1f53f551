"""Charts of a speed report: time against error, percentiles of the engines, stages of the loop.

Engine alone and end to end are never in one chart, and every engine is named with its error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from edge3dpose.reports.plots import COLOURS, colour, new_figure
from edge3dpose.reports.rows import PeerRow, SpeedReport, SpeedRow
from edge3dpose.selection.pareto import pareto_front

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = "osD^vPXh"
MAX_BARS = 24  # engines in a chart of bars
PARALLEL_STAGES = ("read", "sink")  # run in threads of their own while the loop goes on

# The data sets on which peers are measured -> the figure of a row's error on the same people
DATASET_FIGURES = {"synthetic": "mpjpe_mm", "synthetic-mocap": "mocap_mpjpe_mm"}
DATASET_NAMES = {
    "mpjpe_mm": "held-out synthetic people",
    "mocap_mpjpe_mm": "held-out synthetic people in captured poses",
}


def engine_chart(report: SpeedReport) -> Figure | None:
    """Median time of the engine alone against error; None for fewer than two points."""
    rows = [row for row in report.rows if row.engine]
    return _trade_off(report, rows, engine_ms, "engine alone, median ms; the bar ends at p95")


def end_to_end_chart(report: SpeedReport) -> Figure | None:
    """Time of a frame end to end against error, with the peers; None for fewer than two points."""
    rows = [row for row in report.rows if row.end_to_end and row.end_to_end.fps > 0]
    return _trade_off(report, rows, frame_ms, "end to end, ms a frame (1000 / FPS)")


def engine_ms(row: SpeedRow | PeerRow) -> float:
    """Median of the engine alone."""
    assert isinstance(row, SpeedRow)
    assert row.engine is not None
    return row.engine.p50_ms


def frame_ms(row: SpeedRow | PeerRow) -> float:
    """Mean time of a frame end to end."""
    assert row.end_to_end is not None
    return 1000 / row.end_to_end.fps


def worth_showing(rows: Sequence[SpeedRow], ms: Callable[[SpeedRow], float]) -> list[SpeedRow]:
    """Of many rows those that no other beats in time and error; all of a few."""
    errors = [row.error_mm() for row in rows]
    if len(rows) <= MAX_BARS or any(error is None for error in errors):
        return list(rows)[:MAX_BARS]
    costs = [(ms(row), error or 0.0) for row, error in zip(rows, errors, strict=True)]
    return [rows[n] for n in sorted(pareto_front(costs))][:MAX_BARS]


def percentile_chart(rows: Sequence[SpeedRow]) -> Figure:
    """Each engine alone: a line from the fastest call to p99, a bar from p50 to p90."""
    figure, axes = _bars(rows, "engine alone, ms")
    for y, row in enumerate(rows):
        assert row.engine is not None
        time = row.engine
        axes.plot([time.min_ms, time.p99_ms], [y, y], color=COLOURS[0], lw=1.2)
        axes.plot([time.p50_ms, time.p90_ms], [y, y], color=COLOURS[0], lw=7, solid_capstyle="butt")
        axes.plot(time.p50_ms, y, "o", ms=4, color=COLOURS[6])
    return figure


def stage_chart(rows: Sequence[SpeedRow]) -> Figure:
    """Each engine end to end: the mean time of a frame in each stage of the loop."""
    figure, axes = _bars(rows, "end to end, mean ms of a frame")
    parts = [stage_ms(row) for row in rows]
    stages = list(dict.fromkeys(stage for part in parts for stage in part))
    left = np.zeros(len(rows))
    for n, stage in enumerate(stages):
        widths = np.array([part.get(stage, 0.0) for part in parts])
        axes.barh(range(len(rows)), widths, 0.6, left, color=colour(n), label=stage)
        left += widths
    if stages:
        figure.legend(loc="outside upper center", ncols=len(stages), frameon=False)
    return figure


def stage_ms(row: SpeedRow) -> dict[str, float]:
    """Mean ms of a frame in each stage of the loop itself; they add up to the frame."""
    assert row.end_to_end is not None
    frames = row.end_to_end.frames_processed or 1
    means = {
        name: stage.mean_ms * stage.n / frames for name, stage in row.end_to_end.stages.items()
    }
    return {name: ms for name, ms in means.items() if name not in PARALLEL_STAGES and ms >= 0.01}


def _trade_off(
    report: SpeedReport, rows: list[SpeedRow], ms: Callable[[Any], float], label: str
) -> Figure | None:
    """Time against error, a line for each backend and precision, the Pareto front behind them."""
    key, peers = _peer_errors(report) if ms is frame_ms else ("mpjpe_mm", [])
    errors = [row.error_mm(key) for row in rows]
    known = None not in errors
    peers = peers if known else []
    points = [(ms(row), error or float(row.cut)) for row, error in zip(rows, errors, strict=True)]
    if len(points) + len(peers) < 2:
        return None
    figure = new_figure(9, 4.8)
    axes = figure.add_subplot()
    if known:
        everything = [*points, *((ms(peer), error) for peer, error in peers)]
        front = [everything[n] for n in pareto_front(everything)]
        axes.plot(*zip(*front, strict=True), color="0.85", lw=8, zorder=1, label="Pareto front")
    for n, runner in enumerate(dict.fromkeys(row.runner for row in rows)):
        mine = [entry for entry in zip(rows, points, strict=True) if entry[0].runner == runner]
        _draw_runner(axes, mine, n, late=ms is engine_ms)
    _name_cuts(axes, rows, points)
    for peer, error in peers:
        axes.plot(ms(peer), error, "*", color=COLOURS[6], ms=12)
        axes.annotate(f"{peer.name}, {error:.0f} mm", (ms(peer), error), xytext=(-6, 8),
                      textcoords="offset points", fontsize=9, ha="right")  # fmt: skip
    axes.set_ylabel(f"MPJPE on {DATASET_NAMES[key]}, mm" if known else "cut (errors not measured)")
    axes.set_xlabel(label)
    axes.set_xlim(left=0)
    axes.set_title(f"{report.model}, a marker a cut; {report.header.machine.name}", fontsize=10)
    axes.margins(y=0.12)
    axes.grid(alpha=0.3)
    axes.legend(loc="best", fontsize=9)
    return figure


def _draw_runner(
    axes: Axes, entries: list[tuple[SpeedRow, tuple[float, float]]], n: int, *, late: bool
) -> None:
    """The cuts of one backend and precision, the n-th; those on its Pareto front joined by a line.

    late  adds bars from p50 to p95
    """
    rows, points = zip(*entries, strict=True)
    style: dict[str, Any] = {"marker": MARKERS[n % len(MARKERS)], "color": colour(n), "ms": 5}
    axes.plot(*zip(*points, strict=True), ls="none", alpha=0.35, **style)
    front = pareto_front(points)
    axes.plot(*zip(*(points[at] for at in front), strict=True), lw=1, label=rows[0].runner, **style)
    for at in front:
        if late and rows[at].engine:
            axes.hlines(points[at][1], points[at][0], rows[at].engine.p95_ms, colour(n), lw=0.7)


def _name_cuts(axes: Axes, rows: list[SpeedRow], points: list[tuple[float, float]]) -> None:
    """The numbers of the cuts on the Pareto front of all, where one has room beside the last."""
    high = max(y for _, y in points) - min(y for _, y in points)
    last: float | None = None
    for n in pareto_front(points):
        if last is None or abs(points[n][1] - last) > 0.04 * high:
            axes.annotate(f"cut {rows[n].cut}", points[n], xytext=(-7, -3),
                          textcoords="offset points", fontsize=8, ha="right")  # fmt: skip
            last = points[n][1]


def _peer_errors(report: SpeedReport) -> tuple[str, list[tuple[PeerRow, float]]]:
    """The figure of our rows to draw, and the peers with their error on the same people."""
    peers = [peer for peer in report.peers if peer.end_to_end.fps > 0]
    known = {
        key: [(peer, peer.error[name].mpjpe_mm) for peer in peers if name in peer.error]
        for name, key in DATASET_FIGURES.items()
        if all(key in row.error for row in report.rows)
    }
    key = max(known, key=lambda one: len(known[one]), default="")
    return (key, known[key]) if key and known[key] else ("mpjpe_mm", [])


def _bars(rows: Sequence[SpeedRow], label: str) -> tuple[Figure, Axes]:
    """A chart with a line an engine, the first on top."""
    figure = new_figure(9, 1.2 + 0.26 * len(rows))
    axes = figure.add_subplot()
    axes.set_yticks(range(len(rows)), [f"{row.name}, {_error_text(row)}" for row in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel(label)
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    return figure, axes


def _error_text(row: SpeedRow) -> str:
    error = row.error_mm()
    return "error not measured" if error is None else f"{error:.0f} mm"
