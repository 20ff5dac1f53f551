"""Deviation of an engine from FP32 on the same real crops, in mm; an error over the limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge3dpose.compiler import graph as graphs
from edge3dpose.compiler.crops import sha256_of_images
from edge3dpose.compiler.tensors import open_tensor_reader
from edge3dpose.engine_types import EngineConfig, ModelSpec, Weights
from edge3dpose.errors import AccuracyGateFailed, BuildFailed
from edge3dpose.types import Array

TOLERANCES_MM = {  # precision -> (median, 99th percentile) of the joints' distances
    "fp32": (0.1, 0.5),
    "bf16": (12.0, 60.0),
    "fp16": (0.5, 3.0),
    "int8": (12.0, 60.0),
}


@dataclass(frozen=True)
class Reference:
    """Outputs of ONNX Runtime in FP32, of every head of a weights file, on the same crops."""

    images: Array  # (N, 3, S, S)
    outputs: dict[str, Array]  # head -> (N, J, C)
    peaks: dict[str, float]  # tensor -> largest magnitude seen

    @property
    def sha256(self) -> str:
        """Identity of the crops."""
        return sha256_of_images(self.images)


def reference(
    weights: Weights, images: Array, progress: Callable[[float], None] | None = None
) -> Reference:
    """Run the whole model once: outputs of all heads, and the largest magnitude of each tensor."""
    model = graphs.of_weights(weights)
    decode_names = {node.name for node in graphs.decode_nodes(model.graph)}
    trunk = [n for node in model.graph.node if node.name not in decode_names for n in node.output]
    read_tensors = open_tensor_reader(model, trunk)
    heads = [out.name for out in model.graph.output]
    outputs: dict[str, list[Array]] = {head: [] for head in heads}
    peaks: dict[str, float] = {}
    for n in range(len(images)):
        found = read_tensors(images[n : n + 1])
        for head in heads:
            outputs[head].append(found[head])
        for name in trunk:
            if found[name].dtype == np.float32:
                peaks[name] = max(peaks.get(name, 0.0), float(np.abs(found[name]).max()))
        if progress:
            progress((n + 1) / len(images))
    return Reference(images, {h: np.concatenate(rows) for h, rows in outputs.items()}, peaks)


def distances_mm(outputs: Array, wanted: Array, spec: ModelSpec) -> Array:
    """(N, J, C) unit poses -> (N, J) distances in mm, as the crop's cube is in training.

    Of a bottom-up network thousandths of each map's largest number, which have the same limits.
    """
    if spec.maps is not None:
        most = np.maximum(np.abs(wanted).max(axis=-1), 1e-6)
        return np.asarray(1000 * np.abs(outputs - wanted).max(axis=-1) / most, np.float32)
    mm = np.array([spec.crop_side_mm, spec.crop_side_mm, spec.z_range_mm], np.float32)
    return np.asarray(np.linalg.norm((outputs - wanted)[..., :3] * mm, axis=-1), np.float32)


def check(outputs: Array, wanted: Reference, config: EngineConfig) -> dict[str, Any]:
    """How far one engine is from FP32: figures for its manifest.

    outputs  (N, J, C) of the engine on ``wanted.images``
    Raises AccuracyGateFailed over tolerance, BuildFailed where a number is not finite.
    """
    name, precision = config.text, config.precision
    if not np.isfinite(outputs).all():
        raise BuildFailed(f"{name} gives numbers that are not finite; use another --precision")
    mm = distances_mm(outputs, wanted.outputs[config.spec.head(config.cut)], config.spec)
    p50, p99 = (float(np.percentile(mm, q)) for q in (50, 99))
    most = TOLERANCES_MM[precision]
    if p50 > most[0] or p99 > most[1]:
        raise AccuracyGateFailed(
            f"{name} is {p50:.2f} mm (median) and {p99:.2f} mm (99 %) from FP32 on {len(mm)} real "
            f"crops, the tolerance is {most[0]} and {most[1]} mm; "
            + ("calibrate with --within 5 or use fp16" if precision == "int8" else "use fp32")
        )
    return {
        "mm_p50": round(p50, 4),
        "mm_p99": round(p99, 4),
        "mm_max": round(float(mm.max()), 4),
        "tolerance_mm": {"p50": most[0], "p99": most[1]},
        "crops": len(mm),
        "crops_sha256": wanted.sha256,
        "reference": "ONNX Runtime FP32, the model with every head",
    }
