"""Reads the weights of an exported ONNX file into a network, to train shipped weights further."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from edge3dpose.engine_types import Weights
from edge3dpose.errors import BadInput, EngineMismatch
from edge3dpose.training import onnx_weights
from edge3dpose.training.nets import PoseNet
from edge3dpose.training.nets.sspnet import SSPNet


def load_exported(net: PoseNet, weights: Weights) -> None:
    """Read every weight of an exported file into a network of the same shape.

    The last block's re-injection, which no cut uses, is not in the file and keeps its values.
    Raises EngineMismatch where the file holds another network.
    """
    if not isinstance(net, SSPNet):
        raise BadInput("this model's exported file is folded; go on from its checkpoint: --resume")
    graph = onnx_weights.graph_of(weights.read(), weights.onnx)
    arrays = onnx_weights.arrays_of(graph, weights.onnx)
    found = {name: torch.from_numpy(value) for name, value in arrays.items()}
    state = net.state_dict()
    found |= _last_block(found, net)
    for name, value in state.items():
        if name.endswith("num_batches_tracked") or name.startswith(_unused(net)):
            continue
        if name not in found or found[name].shape != value.shape:
            raise EngineMismatch(f"{weights.onnx} has no {name} of shape {tuple(value.shape)}")
        state[name] = found[name]
    net.load_state_dict(state)


def _last_block(found: dict[str, Tensor], net: SSPNet) -> dict[str, Tensor]:
    """The exporter folds the last block's batch norm into the convolution before it."""
    last = f"blocks.{net.cuts - 1}"
    block: Any = net.blocks[-1]
    heads = block.heads.weight.detach().clone()
    exits = found.get(f"exits.{net.cuts - 1}.weight")
    bias = found.get(f"{last}.conv.1.weight_bias")
    if exits is None or bias is None or exits.shape[1:] != heads.shape[1:]:
        return {}
    heads[: len(exits)] = exits
    one = torch.ones_like(bias)
    return {
        f"{last}.heads.weight": heads,
        f"{last}.norm_out.weight": one,
        f"{last}.norm_out.bias": bias,
        f"{last}.norm_out.running_mean": torch.zeros_like(bias),
        f"{last}.norm_out.running_var": one - block.norm_out.eps,
    }


def _unused(net: SSPNet) -> str:
    return f"blocks.{net.cuts - 1}.reinject"
