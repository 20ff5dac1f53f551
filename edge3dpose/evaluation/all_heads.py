"""A model's ONNX file with every head -> what each of its cuts says of a crop, in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from edge3dpose.engine_types import Weights
from edge3dpose.errors import EngineMismatch, MissingDependency
from edge3dpose.types import Array


class Heads:
    """Every head at once, FP32. Not thread-safe; it owns nothing that must be closed."""

    def __init__(self, compiled: Any, names: list[str]) -> None:
        self._compiled = compiled
        self._ports = [compiled.output(name) for name in names]

    def __call__(self, images: Array) -> Array:
        """images (N, 3, S, S) -> (cuts, N, J, C) = u, v, z, score, more, the caller's own."""
        outputs = self._compiled(images)
        return np.stack([outputs[port] for port in self._ports])


def open_heads(weights: Weights) -> Heads:
    """Open a model's own file, not a cut, in OpenVINO; EngineMismatch where a head is missing."""
    try:
        import openvino
    except ImportError:
        raise MissingDependency("evaluate runs in OpenVINO; pip install openvino") from None
    spec = weights.spec
    names = [spec.head(cut) for cut in range(1, spec.cuts + 1)]
    core = openvino.Core()
    try:
        # f32: without it a CPU with BF16 instructions would round on its own
        compiled = core.compile_model(weights.onnx, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        return Heads(compiled, names)
    except RuntimeError as error:
        raise EngineMismatch(
            f"{weights.onnx} does not hold {spec.name} with heads {names[0]} to {names[-1]}: "
            f"{str(error).splitlines()[0]}"
        ) from None


def chunks(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Lists of ``size`` items, the last one shorter."""
    chunk: list[Any] = []
    for item in items:
        chunk.append(item)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
