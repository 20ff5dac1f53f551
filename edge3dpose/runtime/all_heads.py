"""A model's ONNX file with every head -> what each of its cuts says of a crop, in one pass."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
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
        self._one_by_one = compiled.input(0).get_partial_shape()[0].is_static

    def __call__(self, images: Array) -> Array:
        """images (N, 3, S, S) -> (cuts, N, J, C) = u, v, z, score, more, the caller's own."""
        if len(images) > 1 and self._one_by_one:
            return np.concatenate([self(images[n : n + 1]) for n in range(len(images))], axis=1)
        outputs = self._compiled(images)
        return np.stack([outputs[port] for port in self._ports])


def open_heads(
    weights: Weights, cuts: Sequence[int] | None = None, threads: int | None = None
) -> Heads:
    """Open a model's own file, not a cut, in OpenVINO; EngineMismatch where a head is missing.

    cuts     those that are wanted, in this order; None for all
    threads  of the CPU; None for OpenVINO's own choice
    """
    try:
        import openvino
    except ImportError:
        raise MissingDependency("evaluate runs in OpenVINO; pip install openvino") from None
    spec = weights.spec
    names = [spec.head(cut) for cut in cuts or range(1, spec.cuts + 1)]
    core = openvino.Core()
    # f32: without it a CPU with BF16 instructions would round on its own
    options: dict[str, Any] = {"INFERENCE_PRECISION_HINT": "f32"}
    if threads is not None:
        options["INFERENCE_NUM_THREADS"] = threads
    try:
        network = core.read_model(io.BytesIO(weights.read()))
        for result in list(network.get_results()) if cuts else ():
            if not result.input_value(0).get_names() & set(names):
                network.remove_result(result)
        compiled = core.compile_model(network, "CPU", options)
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
