"""Plots of a training: its losses, and its error on held-out people."""

from __future__ import annotations

import csv
from pathlib import Path

from edge3dpose import storage


def loss_plot(log: Path, out: Path) -> None:
    """Loss of a few heads against samples; nothing without a log."""
    _curves(log, out, "loss_", "loss of a head", "Training loss")


def held_out_plot(log: Path, out: Path) -> None:
    """MPJPE of a few cuts on held-out people against samples; nothing without a log."""
    _curves(log, out, "mpjpe_mm_", "MPJPE, mm", "Held-out people, averaged weights")


def _curves(log: Path, out: Path, prefix: str, quantity: str, title: str) -> None:
    if not log.exists():
        return
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with open(log, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    samples = [int(row["samples"]) for row in rows]
    heads = [name for name in (rows[0] if rows else {}) if name.startswith(prefix)]
    figure = Figure(figsize=(7, 4.5), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for name in heads[::5] + heads[-1:]:
        label = name.removeprefix(prefix).replace("cut", "cut ")
        values = [float(row.get(name) or "nan") for row in rows]
        axes.plot(samples, values, label=label, marker="." if len(rows) < 40 else "")
    axes.set(xlabel="samples seen", ylabel=quantity, yscale="log", title=title)
    axes.grid(alpha=0.3, which="both")
    axes.legend()
    with storage.writing(out) as temporary:
        figure.savefig(temporary)
