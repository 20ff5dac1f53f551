"""The trained lift -> an ONNX file of one step, and its card."""

from __future__ import annotations

import contextlib
import io
import warnings
from pathlib import Path
from typing import Any

import torch

from edge3dpose import models, paths, storage
from edge3dpose.runtime.lift_features import ANSWERS, FEATURES
from edge3dpose.runtime.lift_network import NAME
from edge3dpose.training.export import OPSET, plain_bytes
from edge3dpose.training.lift.net import LiftNet


class _Step(torch.nn.Module):
    def __init__(self, net: LiftNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, features: torch.Tensor, state: torch.Tensor) -> Any:
        return self.net.step(features, state)


def export(net: LiftNet, out: Path, card: dict) -> Path:
    """Write <out>/temporal-lift.onnx and its card; gives the file.

    card  what the card says: data, licence, held-out figures
    """
    people = torch.export.Dim("N", min=1, max=64)
    example = torch.zeros(2, FEATURES), torch.zeros(net.layers, 2, net.width)
    with (
        torch.no_grad(),
        contextlib.redirect_stdout(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", "# The axis name", UserWarning)  # N is in both inputs
        program = torch.onnx.export(
            _Step(net).eval(),
            example,
            input_names=["features", "state"],
            output_names=["answer", "next_state"],
            dynamic_shapes={"features": {0: people}, "state": {1: people}},
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    file = out / f"{NAME}.onnx"
    storage.write_bytes(file, plain_bytes(program), "name another --out")
    facts = {"model": NAME, "sha256": paths.sha256_of(file)}
    sizes = {"features": FEATURES, "answers": ANSWERS}
    models.write_card(file, {**facts, **sizes, **card})
    return file
