"""Rows of a speed report -> charts as inline SVG; engine alone and end to end are never in one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edge3dpose.reports.row_error import MPJPE, counted_mm
from edge3dpose.reports.svg import Plot

Row = dict[str, Any]

SERIES = 8  # colours of the style sheet, s0 ... s7
_LABELS_PX = 310
_BAR_PX = 11
_BESIDE = ("read", "sink")  # in threads of their own, while the loop goes on


def way(row: Row) -> str:
    """What a cut is run by."""
    return f"{row['backend']} {row['precision']}"


def name(row: Row, error: str = MPJPE) -> str:
    """An engine in words, its error with it."""
    return f"cut {row['cut']}, {way(row)}, {error_text(row, error)}"


def error_text(row: Row, error: str = MPJPE) -> str:
    """The error that stands beside a speed."""
    value = counted_mm(row, error)
    return "error not measured" if value is None else f"{value:.0f} mm"


def alone_ms(row: Row) -> float:
    """Median of the engine alone."""
    return row["engine"]["p50_ms"]


def whole_ms(row: Row) -> float:
    """What a frame takes end to end, on average: 1000 / FPS."""
    return 1000 / row["end_to_end"]["fps"]


def front(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points (ms, error) that no other beats in both, the quickest first."""
    kept: list[tuple[float, float]] = []
    for point in sorted(points):
        if not kept or point[1] < kept[-1][1]:
            kept.append(point)
    return kept


def on_front(rows: Sequence[Row], ms: Any) -> list[Row]:
    """The rows that are worth having; all of them where an error is not known."""
    points = [(ms(row), counted_mm(row)) for row in rows]
    known = [(x, y) for x, y in points if y is not None]
    if len(known) < len(rows):
        return list(rows)
    best = set(front(known))
    return [row for row, point in zip(rows, known, strict=True) if point in best]


def pareto(
    rows: Sequence[Row],
    ms: Any,
    label: str,
    *,
    error: str = MPJPE,
    peers: Sequence[tuple[str, float, float]] = (),
) -> str:
    """Milliseconds against error, a line a way, the front behind them; empty for a single point.

    error  which figure of a row's errors; where a row lacks it, the cut stands in its place
    peers  (name, ms, error)
    """
    heights = [mm for row in rows if (mm := counted_mm(row, error)) is not None]
    known = len(heights) == len(rows)
    heights = heights if known else [row["cut"] for row in rows]
    points = [(ms(row), height) for row, height in zip(rows, heights, strict=True)]
    others = [(x, y) for _, x, y in peers] if known else []
    if len(points) + len(others) < 2:
        return ""
    right = max(x for x, _ in (*points, *others))
    low, high = min(y for _, y in (*points, *others)), max(y for _, y in (*points, *others))
    room = 0.1 * (high - low) or 1.0
    plot = Plot((0, right * 1.05), (low - room, high + room))
    plot.x_axis(label)
    plot.y_axis("MPJPE, mm" if known else "cut (errors not measured)")
    if known:
        plot.line(front(points), "front")
    ways = list(dict.fromkeys(way(row) for row in rows))
    for at, one in enumerate(ways):
        mine = [(row, point) for row, point in zip(rows, points, strict=True) if way(row) == one]
        _series(plot, sorted(mine, key=lambda entry: entry[0]["cut"]), f"s{at % SERIES}", ms, error)
    if known:
        for peer, x, y in peers:
            plot.dot(x, y, "peer", f"{peer}: {x:.1f} ms, {y:.0f} mm", radius=6)
            plot.word(x, y, peer, up=10, anchor="middle" if x < 0.9 * right else "end")
    return legend([(f"s{at % SERIES}", one) for at, one in enumerate(ways)]) + plot.text()


def _series(plot: Plot, rows: list[tuple[Row, Any]], style: str, ms: Any, error: str) -> None:
    plot.line([point for _, point in rows], style)
    for n, (row, (x, y)) in enumerate(rows):
        plot.dot(x, y, style, f"{name(row, error)}: {ms(row):.2f} ms")
        if n in (0, len(rows) - 1) or row["cut"] % 6 == 0:
            plot.word(x, y, str(row["cut"]), up=7)


def percentiles(rows: Sequence[Row]) -> str:
    """Each engine alone: thin least to p99, thick p50 to p90, a dot at p50."""
    figures = [row["engine"] for row in rows]
    plot = _listed(rows, max(one["p99_ms"] for one in figures), "engine alone, ms")
    for n, (row, one) in enumerate(zip(rows, figures, strict=True)):
        y = len(rows) - 1 - n
        told = ", ".join(f"p{p} {one[f'p{p}_ms']:.2f}" for p in (50, 90, 95, 99))
        title = f"{name(row)}: {told} ms, {one['n']} calls"
        plot.bar((one["min_ms"], one["p99_ms"]), y, 2, "s0", title)
        plot.bar((one["p50_ms"], one["p90_ms"]), y, _BAR_PX - 3, "s0", title)
        plot.dot(one["p50_ms"], y, "peer", title, radius=3)
    return plot.text()


def stages(rows: Sequence[Row]) -> str:
    """Each engine end to end: what a frame spends where, means, so that they add up."""
    parts = [_parts(row["end_to_end"]) for row in rows]
    names = list(dict.fromkeys(stage for part in parts for stage in part))
    plot = _listed(
        rows, max(sum(part.values()) for part in parts), "end to end, mean ms of a frame by stage"
    )
    for n, (row, part) in enumerate(zip(rows, parts, strict=True)):
        y, left = len(rows) - 1 - n, 0.0
        for stage, took in part.items():
            style = f"s{names.index(stage) % SERIES}"
            title = f"{name(row)}: {stage} {took:.2f} ms of {sum(part.values()):.2f}"
            plot.bar((left, left + took), y, _BAR_PX, style, title)
            left += took
    return legend([(f"s{at % SERIES}", stage) for at, stage in enumerate(names)]) + plot.text()


def _parts(whole: Row) -> dict[str, float]:
    """Mean ms a frame by stage, of the loop's own stages."""
    frames = whole["frames_processed"] or 1
    return {
        stage: times["mean_ms"] * times["n"] / frames
        for stage, times in whole["stages"].items()
        if stage not in _BESIDE and times["n"] and times["mean_ms"] * times["n"] / frames >= 0.01
    }


def _listed(rows: Sequence[Row], right: float, label: str) -> Plot:
    """A plot with an engine a line, its error with its name."""
    height = 18 * len(rows) + 60
    plot = Plot((0, right * 1.03), (-0.7, len(rows) - 0.3), height=height, left=_LABELS_PX)
    plot.x_axis(label)
    for n, row in enumerate(rows):
        plot.word_left(len(rows) - 1 - n, name(row))
    return plot


def legend(entries: Sequence[tuple[str, str]]) -> str:
    """Colours and what they stand for."""
    spans = (f'<span><i class="{style}"></i>{text}</span>' for style, text in entries)
    return f'<p class="legend">{"".join(spans)}</p>'
