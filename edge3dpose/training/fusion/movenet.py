"""sspnet-mid: SSP-Net's depths with MoveNet's places in the image, in one ONNX file with 24 heads.

    python -m edge3dpose.training.fusion.movenet --movenet movenet-thunder.onnx

MoveNet SinglePose Thunder was trained on photos of people, SSP-Net here on renders: on real people
MoveNet is nearer in the image. Each of its twelve joints of the limbs takes the place of SSP-Net's
by its score; the pelvis and the spine move with the hips and the shoulders. Nothing is trained.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import onnx
from onnx import ModelProto, numpy_helper

from edge3dpose import models, paths, storage
from edge3dpose.models.sspnet import SSPNET_LITE, SSPNET_MID
from edge3dpose.training.fusion.points import Points, of_sspnet
from edge3dpose.training.fusion.trunk import SIDE, trunk_of
from edge3dpose.training.teacher import movenet, network

CENTRE_WEIGHT = "c/ConstantFolding/StatefulPartitionedCall/truediv_2_recip"


def fuse(lite: ModelProto, thunder: ModelProto) -> ModelProto:
    """All heads of SSP-Net with MoveNet's places: input `images` (N, 3, 256, 256) in 0..1."""
    trunk = trunk_of(thunder)
    model = ModelProto()
    model.CopyFrom(lite)
    graph = model.graph
    graph.initializer.extend(trunk.graph.initializer)
    weight = next(i for i in thunder.graph.initializer if i.name == CENTRE_WEIGHT)
    points = Points(numpy_helper.to_array(weight).reshape(1, SIDE * SIDE))
    heads = [out.name for out in graph.output]
    nodes = [
        *points.normalised(),
        *trunk.graph.node,
        *points.found(),
        *(node for head in heads for node in points.mixed(head)),
    ]
    for node in graph.node:
        for n, name in enumerate(node.output):
            if name in heads:
                node.output[n] = of_sspnet(name)
    graph.node.extend(nodes)
    graph.initializer.extend(points.constants)
    onnx.checker.check_model(model, full_check=True)
    return model


def card(lite: dict[str, Any]) -> dict[str, Any]:
    """The facts of sspnet-mid, from those of sspnet-lite; errors are added by evaluate."""
    kept: dict[str, Any] = {
        name: lite[name] for name in ("growth", "licence", "training") if name in lite
    }
    places = "MoveNet SinglePose Thunder (Google, Apache-2.0), as published"
    return {"state": "trained", **kept, "data": {**lite["data"], "places": places}, "cuts": {}}


def write(thunder: Path, out: Path) -> Path:
    """Write sspnet-mid.onnx and its card from the shipped sspnet-lite and MoveNet's file."""
    content = network.verified(thunder, (movenet.SHA256,), movenet.FILE)
    lite = models.open_weights(SSPNET_LITE)
    model = fuse(onnx.load_from_string(lite.read()), onnx.load_from_string(content))
    file = out / f"{SSPNET_MID.name}.onnx"
    storage.write_bytes(file, model.SerializeToString(deterministic=True), "name another --out")
    facts: dict[str, Any] = {"model": SSPNET_MID.name, "sha256": paths.sha256_of(file)}
    models.write_card(file, facts | card(dict(lite.card)))
    return file


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--movenet", type=Path, required=True, help=movenet.FILE)
    parser.add_argument("--out", type=Path, default=paths.PACKAGE / "weights")
    arguments = parser.parse_args()
    print("wrote", write(arguments.movenet, arguments.out))
