"""log.csv -> the loss plot."""

from __future__ import annotations

import csv
from pathlib import Path


def loss_plot(log: Path, out: Path) -> None:
    """Loss of a few heads against samples, both axes logarithmic; nothing without a log."""
    if not log.exists():
        return
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    with open(log, newline="") as file:
        rows = list(csv.DictReader(file))
    samples = [int(row["samples"]) for row in rows]
    heads = [name for name in (rows[0] if rows else {}) if name.startswith("loss_")]
    figure, axes = plt.subplots(figsize=(7, 4.5))
    for name in heads[::5] + heads[-1:]:
        label = name.removeprefix("loss_").replace("cut", "cut ")
        axes.plot(samples, [float(row.get(name) or "nan") for row in rows], label=label)
    axes.set(xlabel="renders seen", ylabel="loss of a head", yscale="log", title="Training loss")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(out, dpi=110)
    plt.close(figure)
