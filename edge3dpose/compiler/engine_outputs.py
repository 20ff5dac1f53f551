"""A built engine on crops -> its outputs, from the engine or from the graph it was built of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import ModelProto

from edge3dpose import nvidia
from edge3dpose.compiler.engine_key import EngineKey
from edge3dpose.compiler.tensors import open_tensor_reader
from edge3dpose.errors import Edge3DPoseError
from edge3dpose.manifest import Manifest
from edge3dpose.runtime import backends
from edge3dpose.types import Array


def engine_outputs(
    made: Manifest, key: EngineKey, model: ModelProto, images: Array
) -> tuple[Array, dict]:
    """Outputs (N, J, C) of an engine, or of its graph where this machine cannot run the plan.

    model  the graph that the engine was made from
    Also returns, for the manifest, what ran and what did not, and why.
    """
    config = key.config
    backend = backends.find(config.backend)
    reason = nvidia.probe().problem if backend.is_plan else ""
    if not reason:
        try:
            engine = backend.open_engine(made.engine, config.spec)
            try:
                return _one_by_one(engine, images), {"ran": config.backend}
            finally:
                engine.close()
        except Edge3DPoseError as error:
            if not backend.builds_for_other_devices:
                raise
            reason = str(error)
    read_tensors = open_tensor_reader(model, literal=key.ranges is not None)
    head = config.spec.head(config.cut)
    facts: dict[str, Any] = {
        "ran": "onnxruntime, on the graph that the plan was built from",
        "not_run": f"the plan itself: {reason}",
    }
    return _one_by_one(lambda image: read_tensors(image)[head], images), facts


def _one_by_one(infer: Callable[[Array], Array], images: Array) -> Array:
    """One image at a time."""
    return np.concatenate([infer(images[n : n + 1]).copy() for n in range(len(images))])
