"""Trained network -> one ONNX file with every head, and its model card."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import torch
from torch import nn

from edge3dpose import models, paths, storage
from edge3dpose.engine_types import ModelSpec
from edge3dpose.training.nets import PoseNet

OPSET = 20


def export(net: PoseNet, spec: ModelSpec, out: Path, card: dict) -> Path:
    """Write <out>/<model>.onnx and its card <model>.json.

    net   trained or not; used in eval mode, its parameters are left as they are
    card  what the model card says: training state, data, licence, held-out figures
    """
    file = out / f"{spec.name}.onnx"
    storage.write_bytes(file, _onnx(net.exported().float().eval(), spec), "name another --out")
    models.write_card(file, {"model": spec.name, "sha256": paths.sha256_of(file), **card})
    return file


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
    return plain_bytes(program)


def plain_bytes(program: Any) -> bytes:
    """What torch.onnx.export gives -> the bytes of a file, without torch's notes about itself."""
    assert program is not None
    model = program.model_proto
    for node in model.graph.node:  # torch's notes about its own call stack
        del node.metadata_props[:]
        node.doc_string = ""
    for info in (*model.graph.value_info, *model.graph.input, *model.graph.output):
        del info.metadata_props[:]
    del model.graph.metadata_props[:]
    del model.metadata_props[:]
    return model.SerializeToString(deterministic=True)
