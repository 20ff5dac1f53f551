"""Charts with matplotlib: SVG for the HTML page, PNG for files; those of governor and accuracy.

The charts of a speed report are in speed_plots.py. matplotlib is imported where a chart is drawn.
"""

from __future__ import annotations

import importlib.util
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edge3dpose import storage
from edge3dpose.errors import MissingDependency
from edge3dpose.reports.accuracy import FACT_LABELS
from edge3dpose.reports.accuracy_rows import AccuracyReport, JointBin, PeopleBin
from edge3dpose.reports.governor_rows import GovernorCall, GovernorReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's palette: colours that colour-blind readers tell apart
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#7F7F7F")


def available() -> bool:
    """Whether matplotlib is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def require_matplotlib(option: str) -> None:
    """MissingDependency with what to install, where matplotlib is missing."""
    if not available():
        raise MissingDependency(f"{option} needs matplotlib: pip install 'edge3dpose[plot]'")


def save(figure: Figure, file: Path) -> None:
    """Write a chart, PNG or whatever the file's suffix says, whole or not at all."""
    _as_text(figure)
    with storage.writing(file) as unfinished:
        figure.savefig(unfinished)


def _as_text(figure: Figure) -> None:
    """Show a dollar sign in a text of a report as one: between two of them stand formulas."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        if "$" in text.get_text():
            text.set_parse_math(False)


def inline_svg(figure: Figure, name: str) -> str:
    """A chart as an <svg> element with its text as text.

    name  makes the element's identifiers differ from those of other charts of a page
    """
    import matplotlib

    _as_text(figure)
    text = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(text, format="svg", metadata=nothing, transparent=True)
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :]
    head, end, body = svg.partition(">")
    return re.sub(r' (width|height)="[^"]*"', "", head) + end + body


def governor_chart(report: GovernorReport) -> Figure:
    """What each call took with the governor and without, and the cut in use below."""
    figure = new_figure(10, 6)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    _draw_calls(upper, report)
    calls = report.calls
    lower.step([call.time_s for call in calls], [call.cut for call in calls], where="post",
               color=COLOURS[0])  # fmt: skip
    for phase, middle_s in zip(report.phases.get("calls", ()), _middles_s(report), strict=False):
        error = "" if phase.error_mm is None else f"\n{phase.error_mm:.1f} mm MPJPE (model card)"
        text = f"{phase.phase}: {phase.in_time:.1%} in time{error}"
        lower.annotate(text, (middle_s, 1.02), xycoords=("data", "axes fraction"), ha="center",
                       fontsize=8)  # fmt: skip
    lower.set(
        yticks=report.cuts,
        ylim=(0, max(report.cuts, default=1) + 1),
        ylabel="cut in use",
        xlabel="s",
    )
    for axes in (upper, lower):
        for begin_s, end_s in report.slowed:
            axes.axvspan(begin_s, end_s, color=COLOURS[4], alpha=0.15, lw=0)
        axes.margins(x=0)
    figure.suptitle(
        f"{report.model} {report.precision}, {report.backend}; {report.header.machine.name}; "
        f"shaded: {report.load} busy processes",
        fontsize=10,
    )
    return figure


def error_chart(report: AccuracyReport) -> Figure:
    """Where the 3D error of the best cut lies: a panel a fact, one for scores, one for joints."""
    assert report.analysis is not None
    figure = new_figure(13, 7)
    panels = iter(figure.subplots(2, 3).ravel())
    for fact, people in report.analysis.by_fact.items():
        axes = next(panels)
        _draw_bins(axes, people)
        axes.set_xlabel(FACT_LABELS.get(fact, fact))
    axes = next(panels)
    _draw_bins(axes, report.analysis.by_score)
    axes.set_xlabel("score of a joint")
    axes = next(panels)
    joints = report.analysis.by_joint_mm
    axes.barh(list(joints), list(joints.values()), color=COLOURS[0])
    axes.invert_yaxis()
    axes.set_xlabel("mean error, mm")
    axes.tick_params(axis="y", labelsize=7)
    for rest in panels:
        rest.remove()
    cut = report.analysis.best_cut
    figure.suptitle(f"{report.model}, cut {cut}, {report.dataset.name}: mean error by fifths")
    return figure


def _draw_calls(axes: Axes, report: GovernorReport) -> None:
    runs: list[tuple[Sequence[GovernorCall], str, str]] = []
    if alone := report.calls_of_one_cut:
        runs.append((alone, "0.7", f"cut {alone[0].cut} alone"))
    if report.calls:
        runs.append((report.calls, COLOURS[0], "governor"))
    for calls, colour, name in runs:
        share = np.mean([call.took_ms <= report.deadline_ms for call in calls])
        took = [call.took_ms for call in calls]
        axes.plot([call.time_s for call in calls], took, ".", ms=3, color=colour,
                  label=f"{name}: {share:.1%} in time")  # fmt: skip
    text = f"deadline {report.deadline_ms:g} ms"
    axes.axhline(report.deadline_ms, color=COLOURS[1], lw=1, label=text)
    axes.set_ylim(0, 2.5 * report.deadline_ms)  # a longer wait must not flatten the rest
    axes.set_ylabel("engine call, ms")
    axes.legend(loc="upper right", markerscale=3)
    axes.grid(alpha=0.3)


def _middles_s(report: GovernorReport) -> list[float]:
    """Where in time the phases before, in and after the load have their middles."""
    if not report.slowed or not report.calls:
        return []
    begin_s, end_s = report.slowed[0]
    return [begin_s / 2, (begin_s + end_s) / 2, (end_s + report.calls[-1].time_s) / 2]


def _draw_bins(axes: Axes, bins: Sequence[PeopleBin | JointBin]) -> None:
    """A bar for each fifth, with its mean error on it and its range below."""
    heights = [one.mpjpe_mm if isinstance(one, PeopleBin) else one.error_mm or 0.0 for one in bins]
    bars = axes.bar(range(len(bins)), heights, color=COLOURS[0])
    axes.bar_label(bars, fmt="%.0f", fontsize=8)
    ranges = [f"{one.lowest:.3g} to\n{one.highest:.3g}" for one in bins]
    axes.set_xticks(range(len(bins)), ranges, fontsize=7)
    axes.margins(y=0.12)
    axes.set_ylabel("mean error, mm")


def colour(n: int) -> str:
    """The colour of the n-th series."""
    return COLOURS[n % len(COLOURS)]


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    return figure
