"""A governor's trace -> two charts, one over the other: what calls took, and the cut of each.

The report, edge3dpose.governor/1, is benchmarks/governor.py's: model, deadline_ms, error_mm (cut ->
MPJPE), calls (a list of time_s, took_ms and cut), slowed (from and to in seconds, where the machine
was made slow); calls_of_one_cut, the same without a governor, and phases, what both came to.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edge3dpose.reports.charts import legend
from edge3dpose.reports.svg import Plot
from edge3dpose.reports.web_tables import figure, table


def trace(report: dict[str, Any]) -> str:
    """The deadline, the calls, and below them the cut that made each."""
    calls = report["calls"]
    seconds = [call["time_s"] for call in calls]
    span = (min(seconds), max(seconds))
    entries = [("s0", "a call, ms"), ("s1", "deadline"), ("slow", "slowed")]
    if report.get("calls_of_one_cut"):
        entries.insert(1, ("s7", "without a governor"))
    return legend(entries) + _times(report, span) + _cuts(report, span)


def phases(report: dict[str, Any]) -> str:
    """What each phase came to, with the governor and without; empty where the report lacks it."""
    lines = [
        [
            {"calls": "governed", "calls_of_one_cut": "one cut"}.get(way, way),
            *(one["phase"], figure(one["error_mm"], 1), f"{one['in_time']:.1%}"),
            *(figure(one[f"p{p}_ms"], 1) for p in (50, 95)),
            *(one["calls"], one["changes"]),
        ]
        for way, judged in report.get("phases", {}).items()
        for one in judged
    ]
    names = "|phase|MPJPE mm|in time|p50 ms|p95|calls|changes of the cut"
    return table(names, lines, words=2) if lines else ""


def _times(report: dict[str, Any], span: tuple[float, float]) -> str:
    took = [(call["time_s"], call["took_ms"]) for call in report["calls"]]
    without = [(c["time_s"], c["took_ms"]) for c in report.get("calls_of_one_cut", [])]
    deadline = report["deadline_ms"]
    # one call that the system kept waiting must not flatten all the others
    top = 1.3 * max(deadline, float(np.percentile([ms for _, ms in (*took, *without)], 98)))
    plot = Plot(span, (0, top), height=260)
    _slowed(plot, report, top / 2, 204)
    plot.x_axis("s")
    plot.y_axis("engine, ms")
    for style, dots in (("s7", without), ("s0", took)):
        for time_s, ms in dots:
            title = f"{time_s:.2f} s: {ms:.1f} ms"
            plot.dot(time_s, min(ms, top), style, title, radius=1.5)
    plot.line([(span[0], deadline), (span[1], deadline)], "s1")
    return plot.text()


def _cuts(report: dict[str, Any], span: tuple[float, float]) -> str:
    cuts = [call["cut"] for call in report["calls"]]
    low, high = min(cuts), max(cuts)
    plot = Plot(span, (low - 1, high + 1), height=180)
    _slowed(plot, report, (low + high) / 2, 124)
    plot.x_axis("s")
    plot.y_axis("cut")
    steps: list[tuple[float, float]] = []
    for call in report["calls"]:
        if not steps or steps[-1][1] != call["cut"]:
            steps += [(call["time_s"], steps[-1][1])] if steps else []
            error = report.get("error_mm", {}).get(str(call["cut"]))
            known = "" if error is None else f", {error:.0f} mm"
            plot.word(call["time_s"], call["cut"], f" {call['cut']}{known}", up=5)
        steps.append((call["time_s"], call["cut"]))
    plot.line(steps, "s0")
    return plot.text()


def _slowed(plot: Plot, report: dict[str, Any], middle: float, thick_px: float) -> None:
    for begin_s, end_s in report.get("slowed", []):
        plot.bar((begin_s, end_s), middle, thick_px, "slow", "the machine was made slow")
