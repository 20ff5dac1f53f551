"""A governor's report -> a picture: what each call took, the deadline, and the cut in use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge3dpose import storage
from edge3dpose.errors import MissingDependency

PHASES = ("quiet", "under load", "quiet again")


def plot(report: dict[str, Any], file: Path) -> None:
    """Write the picture as PNG; the calls of the first cut alone are the grey ones."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingDependency("a plot needs matplotlib; pip install 'edge3dpose[plot]'") from None
    figure = Figure(figsize=(10, 6), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    _calls(above, report)
    _cuts(below, report)
    for axes in (above, below):
        for begin_s, end_s in report["slowed"]:
            axes.axvspan(begin_s, end_s, color="C1", alpha=0.12, lw=0)
        axes.grid(alpha=0.3)
        axes.margins(x=0)
    machine = report["machine"]
    where = ", ".join(machine["gpus"]) or f"{machine['processor']}, {machine['cores']} cores"
    figure.suptitle(
        f"{report['model']} {report['precision']}, {report['backend']}; {where}; "
        f"shaded: {report['load']} busy processes beside it",
        fontsize=10,
    )
    with storage.writing(file) as temporary:
        figure.savefig(temporary, format="png")


def _calls(axes: Any, report: dict[str, Any]) -> None:
    deadline_ms = report["deadline_ms"]
    alone, governed = report["calls_of_one_cut"], report["calls"]
    first = alone[0]["cut"]
    for calls, colour, name in (
        (alone, "0.7", f"cut {first} alone"),
        (governed, "C0", "governed"),
    ):
        share = sum(call["took_ms"] <= deadline_ms for call in calls) / len(calls)
        times = [call["time_s"] for call in calls]
        took = [call["took_ms"] for call in calls]
        axes.plot(times, took, ".", ms=3, color=colour, label=f"{name}: {share:.1%} in time")
    axes.axhline(deadline_ms, color="C3", lw=1, label=f"deadline {deadline_ms:g} ms")
    axes.set_ylim(0, 2.5 * deadline_ms)  # a longer wait must not flatten the rest
    axes.set_ylabel("engine, ms a frame")
    axes.legend(loc="upper right", markerscale=3)


def _cuts(axes: Any, report: dict[str, Any]) -> None:
    calls = report["calls"]
    axes.step([call["time_s"] for call in calls], [call["cut"] for call in calls], where="post")
    for phase, middle_s in zip(report["phases"]["calls"], _middles(report), strict=True):
        error = phase["error_mm"]
        known = "" if error is None else f"\n{error:.1f} mm by the model card"
        axes.annotate(
            f"{phase['phase']}: {phase['in_time']:.1%} in time{known}",
            (middle_s, 1.02),
            xycoords=("data", "axes fraction"),
            ha="center",
            fontsize=8,
        )
    axes.set_yticks(report["cuts"])
    axes.set_ylim(0, max(report["cuts"]) + 1)
    axes.set_ylabel("cut in use")
    axes.set_xlabel("s")


def _middles(report: dict[str, Any]) -> list[float]:
    """Where in time the three phases have their middles."""
    begin_s, end_s = report["slowed"][0]
    last_s = report["calls"][-1]["time_s"]
    return [begin_s / 2, (begin_s + end_s) / 2, (end_s + last_s) / 2]
