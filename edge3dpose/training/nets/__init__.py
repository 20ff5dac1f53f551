"""The networks in PyTorch, by model name."""

from __future__ import annotations

from collections.abc import Callable

from edge3dpose.errors import BadInput
from edge3dpose.training.nets import hemlets, hemlets_edge
from edge3dpose.training.nets.blazepose import BlazePoseEntry
from edge3dpose.training.nets.entry import PaperEntry
from edge3dpose.training.nets.posenet import PoseNet
from edge3dpose.training.nets.sspnet import SSPNet

NETS: dict[str, tuple[int, Callable[..., PoseNet]]] = {  # name -> growth, network of a growth
    "sspnet": (96, lambda growth: SSPNet(PaperEntry(growth), growth)),
    "sspnet-lite": (32, lambda growth: SSPNet(BlazePoseEntry(growth), growth)),
    "hemlets": (256, hemlets.paper),
    "hemlets-edge": (32, hemlets_edge.edge),
}


VOLUMES = ("hemlets", "hemlets-edge")  # those that have depth bins


def build(model: str, growth: int | None = None, bins: int = 0) -> PoseNet:
    """A fresh network for a model name; BadInput for a model that has no network here.

    bins  of its volume's depth, 0 for the model's own; BadInput where it has no volume
    """
    if model not in NETS:
        raise BadInput(f"no network for model {model!r}; there is: {', '.join(sorted(NETS))}")
    own, make = NETS[model]
    if bins and model not in VOLUMES:
        raise BadInput(f"{model} has no depth bins; those with a volume: {', '.join(VOLUMES)}")
    return make(growth or own, bins) if bins else make(growth or own)
