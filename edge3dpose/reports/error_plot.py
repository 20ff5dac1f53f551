"""An accuracy report -> a picture of where the error of its best cut lives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge3dpose import storage
from edge3dpose.errors import MissingDependency

_NAMES = {
    "height_px": "extent of the person in the crop, px",
    "elevation_deg": "camera above the person, degrees",
    "hidden_share": "share of the joints that are hidden",
    "torso_tilt_deg": "torso from upright, degrees",
}


def plot(report: dict[str, Any], file: Path) -> None:
    """Write the picture as PNG: a panel a fact, one for the score, one for the joints."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingDependency("a plot needs matplotlib; pip install 'edge3dpose[plot]'") from None
    figure = Figure(figsize=(13, 7), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    panels = iter(figure.subplots(2, 3).ravel())
    for fact, parts in report["by_fact"].items():
        axes = next(panels)
        _steps(axes, parts, "mpjpe_mm")
        axes.set_xlabel(_NAMES.get(fact, fact))
    axes = next(panels)
    _steps(axes, [part for part in report["by_score"] if part["error_mm"] is not None], "error_mm")
    axes.set_xlabel("score of a joint")
    axes = next(panels)
    joints = report["by_joint_mm"]
    axes.barh(list(joints), list(joints.values()), color="C0")
    axes.invert_yaxis()
    axes.set_xlabel("error, mm")
    axes.tick_params(axis="y", labelsize=7)
    for rest in panels:
        rest.remove()
    name = report["dataset"]["name"]
    figure.suptitle(f"{report['model']}, cut {report['best_cut']}, {name}: error in fifths, mm")
    with storage.writing(file) as temporary:
        figure.savefig(temporary, format="png")


def _steps(axes: Any, parts: list[dict], figure: str) -> None:
    for part in parts:
        axes.plot([part["from"], part["to"]], [part[figure]] * 2, lw=4, color="C0")
        middle = (part["from"] + part["to"]) / 2
        axes.annotate(f"{part[figure]:.0f}", (middle, part[figure]), xytext=(0, 5),
                      textcoords="offset points", ha="center", fontsize=8)  # fmt: skip
    axes.set_ylim(bottom=0, top=1.2 * max(part[figure] for part in parts))
    axes.grid(alpha=0.3)
