"""The networks in PyTorch, by model name."""

from __future__ import annotations

from collections.abc import Callable

from edge3dpose.errors import BadInput
from edge3dpose.training.nets import hemlets, hemlets_edge
from edge3dpose.training.nets.blazepose import BlazePoseEntry
from edge3dpose.training.nets.entry import PaperEntry
from edge3dpose.training.nets.posenet import PoseNet
from edge3dpose.training.nets.sspnet import SSPNet

NETS: dict[str, tuple[int, Callable[[int], PoseNet]]] = {  # name -> growth, network of a growth
    "sspnet": (96, lambda growth: SSPNet(PaperEntry(growth), growth)),
    "sspnet-lite": (32, lambda growth: SSPNet(BlazePoseEntry(growth), growth)),
    "hemlets": (256, hemlets.paper),
    "hemlets-edge": (32, hemlets_edge.edge),
}


def build(model: str, growth: int | None = None) -> PoseNet:
    """A fresh network for a model name; BadInput for a model that has no network here."""
    if model not in NETS:
        raise BadInput(f"no network for model {model!r}; there is: {', '.join(sorted(NETS))}")
    own, make = NETS[model]
    return make(growth or own)
