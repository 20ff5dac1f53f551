"""A standing adult as a network would say it, and small real ONNX files that always say it."""

import json

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edge3dpose import manifest, models, paths

SPEC = models.find("sspnet-lite")

# h36m17, mm from the pelvis: x right in the picture, y down, z away; the person faces the camera
JOINTS_MM = np.array(
    [
        *[(0, 0, 0), (-120, 0, 0), (-125, 420, 10), (-130, 840, 40)],
        *[(120, 0, 0), (125, 420, 10), (130, 840, 40)],
        *[(0, -250, 10), (0, -500, 20), (0, -610, 0), (0, -790, 10)],
        *[(180, -480, 20), (230, -215, 40), (240, 50, 0)],
        *[(-180, -480, 20), (-230, -215, 40), (-240, 50, 0)],
    ],
    np.float32,
)


CUTS = {"3": {"mpjpe_mm": 120.0}, "7": {"mpjpe_mm": 99.5}, "16": {"mpjpe_mm": 101.0}}  # of a card


def unit_pose(score=0.9):
    """(17, 4) in an ROI of the right size: u, v, z, score."""
    flat = 0.5 + JOINTS_MM[:, :2] / SPEC.crop_side_mm
    deep = 0.5 + JOINTS_MM[:, 2:] / SPEC.z_range_mm
    return np.concatenate([flat, deep, np.full((17, 1), score)], axis=1).astype(np.float32)


def graph(pose, heads, batch):
    """An ONNX model whose heads say ``pose`` of whatever picture."""
    constants = {"axes": np.array([1, 2, 3]), "last": np.array([3]), "pose": pose[None]}
    nodes = [
        helper.make_node("ReduceMean", ["images", "axes"], ["mean"], keepdims=1),
        helper.make_node("Squeeze", ["mean", "last"], ["light"]),
        helper.make_node("Sub", ["light", "light"], ["nothing"]),
        *[helper.make_node("Add", ["nothing", "pose"], [head]) for head in heads],
    ]
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, [batch, 3, 256, 256])
    outputs = [
        helper.make_tensor_value_info(head, TensorProto.FLOAT, [batch, 17, 4]) for head in heads
    ]
    weights = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    made = helper.make_graph(nodes, "standing", [images], outputs, weights)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.checker.check_model(model)
    return model


def write_weights(folder, pose, cuts=None):
    """A model file with every head and its card, as `train` exports it."""
    file = folder / f"{SPEC.name}.onnx"
    onnx.save(graph(pose, [SPEC.head(cut) for cut in range(1, SPEC.cuts + 1)], "N"), file)
    card = {"model": SPEC.name, "sha256": paths.sha256_of(file), "cuts": cuts or {}}
    file.with_suffix(".json").write_text(json.dumps(card))
    return file


def write_engine(folder, backend, version, pose, *, model=SPEC.name):
    """An engine of cut 3 and its manifest, as the cache holds them."""
    file = folder / f"{backend}.onnx"
    onnx.save(graph(pose, ["cut03"], 1), file)
    fields = {
        "model": model,
        "cut": 3,
        "precision": "fp32",
        "backend": backend,
        "backend_version": version,
        "input": {"shape": [1, 3, 256, 256]},
        "weights_sha256": "0" * 64,
    }
    made = manifest.Manifest(
        engine=file,
        key=manifest.digest(fields),
        fields=fields,
        sha256=paths.sha256_of(file),
        size_bytes=file.stat().st_size,
        model={
            "joints": list(SPEC.skeleton.joints),
            "mean_rgb": list(SPEC.mean_rgb),
            "std_rgb": list(SPEC.std_rgb),
        },
        build={},
        parity=None,
        calibration=None,
    )
    manifest.path_of(file).write_text(manifest.to_json(made))
    return file


def count_open(monkeypatch, module):
    """What a module opened by ``open_detector`` and has not closed, by its id."""
    left = {}
    opens = module.open_detector

    def opened(*args, **options):
        detector = opens(*args, **options)
        closes, left[id(detector)] = detector.close, detector

        def close():
            closes()
            left.pop(id(detector), None)

        detector.close = close
        return detector

    monkeypatch.setattr(module, "open_detector", opened)
    return left
