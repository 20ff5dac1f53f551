"""A built engine on the reference's crops -> its outputs, and what really ran."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import ModelProto

from edge3dpose import nvidia
from edge3dpose.compiler.order import Order
from edge3dpose.compiler.watch import open_watcher
from edge3dpose.errors import Edge3DPoseError
from edge3dpose.manifest import Manifest
from edge3dpose.runtime import backends
from edge3dpose.types import Array


def run(made: Manifest, order: Order, model: ModelProto, images: Array) -> tuple[Array, dict]:
    """Outputs (N, J, C) of an engine, or of its graph where this machine cannot run the plan.

    model  the graph that the engine was made from
    gives  the outputs, and for the manifest what ran and what did not, and why
    """
    why = nvidia.probe().problem if order.is_plan else ""
    if not why:
        try:
            return _engine_outputs(made, order, images), {"ran": order.backend}
        except Edge3DPoseError as error:
            if not backends.find(order.backend).builds_for_other_devices:
                raise
            why = str(error)
    watch, head = (
        open_watcher(model, literal=order.ranges is not None),
        order.weights.spec.head(order.cut),
    )
    rows = [watch(images[n : n + 1])[head] for n in range(len(images))]
    facts: dict[str, Any] = {
        "ran": "onnxruntime, on the graph that the plan was built from",
        "not_run": f"the plan itself: {why}",
    }
    return np.concatenate(rows), facts


def _engine_outputs(made: Manifest, order: Order, images: Array) -> Array:
    engine = backends.find(order.backend).open_engine(made.engine, order.weights.spec)
    try:
        return np.concatenate([engine(images[n : n + 1]).copy() for n in range(len(images))])
    finally:
        engine.close()
