"""A speed report -> a picture: milliseconds of the engine against the error, cut by cut."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge3dpose import storage
from edge3dpose.errors import MissingDependency


def plot(report: dict, file: Path) -> None:
    """Write the picture as PNG; without errors in the report, cuts take their place."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingDependency("a plot needs matplotlib; pip install 'edge3dpose[plot]'") from None
    figure = Figure(figsize=(8, 5), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    rows = [row for row in report["rows"] if row.get("engine")]
    measured = all("mpjpe_mm" in row["error"] for row in rows)
    for way in dict.fromkeys((row["backend"], row["precision"]) for row in rows):
        _line(axes, [row for row in rows if (row["backend"], row["precision"]) == way], measured)
    axes.set_xlabel("engine alone, median ms (bar: 50 to 95 %)")
    axes.set_ylabel("FP32 MPJPE on held-out synthetic people, mm" if measured else "cut")
    machine = report["machine"]
    where = ", ".join(machine["gpus"]) or f"{machine['processor']}, {machine['cores']} cores"
    axes.set_title(f"{report['model']} ({report['state']}), one dot a cut; {where}", fontsize=10)
    axes.set_xlim(left=0)
    axes.grid(alpha=0.3)
    axes.legend()
    with storage.writing(file) as temporary:
        figure.savefig(temporary, format="png")


def _line(axes: Any, rows: list[dict], measured: bool) -> None:
    rows = sorted(rows, key=lambda row: row["cut"])
    ms = [row["engine"]["p50_ms"] for row in rows]
    late = [row["engine"]["p95_ms"] - row["engine"]["p50_ms"] for row in rows]
    height = [row["error"]["mpjpe_mm"] if measured else row["cut"] for row in rows]
    name = f"{rows[0]['backend']} {rows[0]['precision']}"
    drawn = axes.errorbar(
        ms, height, xerr=[[0] * len(ms), late], fmt="o-", ms=4, lw=1, elinewidth=0.5, label=name
    )
    for row, x, y in zip(rows, ms, height, strict=True):
        if row["cut"] in (rows[0]["cut"], rows[-1]["cut"]) or row["cut"] % 6 == 0:
            axes.annotate(
                f"{row['cut']}", (x, y), textcoords="offset points", xytext=(4, 5),
                fontsize=8, color=drawn[0].get_color(),
            )  # fmt: skip
