"""The networks in PyTorch, by model name."""

from __future__ import annotations

from edge3dpose.errors import BadInput
from edge3dpose.training.nets.blazepose import BlazePoseEntry
from edge3dpose.training.nets.entry import PaperEntry
from edge3dpose.training.nets.sspnet import SSPNet

GROWTH = {"sspnet": 96, "sspnet-lite": 32}


def build(model: str, growth: int | None = None) -> SSPNet:
    """A fresh network for a model name; BadInput for a model that has no network here."""
    if model not in GROWTH:
        raise BadInput(f"no network for model {model!r}; there is: {', '.join(sorted(GROWTH))}")
    growth = growth or GROWTH[model]
    entry = PaperEntry(growth) if model == "sspnet" else BlazePoseEntry(growth)
    return SSPNet(entry, growth)
