"""Trained network -> one ONNX file with every head, and its model card."""

from __future__ import annotations

import contextlib
import io
import json
import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from edge3dpose import paths
from edge3dpose.training.nets.sspnet import PredictionBlock, SSPNet, stages
from edge3dpose.types import ModelSpec

OPSET = 20


class AllHeads(nn.Module):
    """The network with an exit of its own a block, so that a cut is a plain sub-graph.

    The exit holds a copy of the heat and depth rows of the fused head convolution: cut k then keeps
    the fused one of blocks 1..k-1 and the exit of block k, and nothing that it does not need.
    """

    def __init__(self, net: SSPNet) -> None:
        super().__init__()
        self.entry, self.units, self.blocks = net.entry, net.units, net.blocks
        self.exits = nn.ModuleList(_exit(block) for block in net.blocks)  # type: ignore[arg-type]
        self.decode = net.decode

    def forward(self, images: Tensor) -> list[Tensor]:
        lateral: list[Tensor | None] = [None] * 4
        for level, entry_map in enumerate(self.entry(images)):
            lateral[level] = entry_map
        heads = []
        walk: Any = zip(self.units, self.blocks, self.exits, stages(), strict=True)
        for unit, block, exit_conv, (_, level, down) in walk:
            x = unit(lateral[level - 1 if down else level + 1])
            if lateral[level] is not None:
                x = x + lateral[level]
            a, b, q = block.features(x)
            heads.append(self.decode(exit_conv(q)))
            lateral[level] = a + b + block.back(q)
        return heads


def _exit(block: PredictionBlock) -> nn.Conv2d:
    heads = block.heads.weight
    rows = 2 * block.joints
    conv = nn.Conv2d(heads.shape[1], rows, 1, bias=False)
    conv.weight.data.copy_(heads.data[:rows])
    return conv


def export(net: SSPNet, spec: ModelSpec, out: Path, card: dict) -> Path:
    """Write <out>/<model>.onnx and its card <model>.json.

    net   trained or not; used in eval mode, its parameters are left as they are
    card  what the model card says: training state, data, licence, held-out figures
    """
    out.mkdir(parents=True, exist_ok=True)
    file = out / f"{spec.name}.onnx"
    unfinished = file.with_suffix(".tmp")
    unfinished.write_bytes(_onnx(AllHeads(net).float().eval(), spec))
    os.replace(unfinished, file)
    write_card(file, {"model": spec.name, "sha256": paths.sha256_of(file), **card})
    return file


def write_card(onnx_file: Path, card: dict) -> None:
    """Write the card beside an ONNX file, whole or not at all."""
    path = onnx_file.with_suffix(".json")
    unfinished = path.with_suffix(".json.tmp")
    unfinished.write_text(json.dumps(card, indent=1) + "\n")
    os.replace(unfinished, path)


def _onnx(net: nn.Module, spec: ModelSpec) -> bytes:
    net.requires_grad_(True)  # a frozen encoder would export as a nested function
    images = torch.zeros(2, 3, spec.input_size, spec.input_size)
    with torch.no_grad(), contextlib.redirect_stdout(io.StringIO()):
        program = torch.onnx.export(
            net,
            (images,),
            input_names=["images"],
            output_names=[spec.head(k) for k in range(1, spec.cuts + 1)],
            dynamic_shapes={"images": {0: torch.export.Dim("N", min=1, max=64)}},
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    for node in model.graph.node:  # what torch notes of its own stack is of no use to a reader
        del node.metadata_props[:]
        node.doc_string = ""
    for info in (*model.graph.value_info, *model.graph.input, *model.graph.output):
        del info.metadata_props[:]
    del model.graph.metadata_props[:]
    del model.metadata_props[:]
    return model.SerializeToString(deterministic=True)
