"""What is asked of the compiler: checked, with everything that can change the engine it gives."""

from __future__ import annotations

import functools
import hashlib
import platform
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from edge3dpose import manifest, paths
from edge3dpose.compiler import plan, ranges
from edge3dpose.compiler.ranges import Ranges
from edge3dpose.errors import BadInput
from edge3dpose.runtime import backends
from edge3dpose.types import PRECISIONS, Precision, Weights

PASSES = ("build.py", "cut.py", "fp16.py", "graph.py", "int8.py", "plan.py")


@dataclass(frozen=True)
class Order:
    """One engine to build."""

    weights: Weights
    cut: int
    precision: Precision
    backend: str
    ranges: Ranges | None  # for INT8
    settings: plan.Settings

    @property
    def is_plan(self) -> bool:
        """Whether the engine is a TensorRT plan, and not an ONNX file."""
        return backends.find(self.backend).is_plan

    @property
    def is_half(self) -> bool:
        """Whether what is not INT8 is FP16: INT8 on a CPU stays FP32, which has no FP16 there."""
        return self.precision == "fp16" or (self.precision == "int8" and self.is_plan)

    @property
    def text(self) -> str:
        """The engine in words, for errors and tables."""
        return f"{self.weights.spec.name} cut {self.cut} {self.precision} for {self.backend}"


def place_order(
    weights: Weights,
    cut: int,
    precision: Precision,
    backend: str,
    *,
    calibration: Path | None = None,
    settings: plan.Settings | None = None,
) -> Order:
    """Check what is asked for; BadInput names what cannot be, INT8 without ranges among it."""
    spec = weights.spec
    if not 1 <= cut <= spec.cuts:
        raise BadInput(f"{spec.name} has no cut {cut}; there are 1 to {spec.cuts}")
    if precision not in PRECISIONS:
        raise BadInput(f"no precision {precision!r}; there is: {', '.join(PRECISIONS)}")
    runs_on = backends.find(backend)
    if runs_on.no_build_reason:
        raise BadInput(runs_on.no_build_reason)
    if why := runs_on.unsupported_reason(precision):
        raise BadInput(f"--precision {precision} {why}")
    found = ranges.find(weights, calibration) if precision == "int8" else None
    return Order(weights, cut, precision, backend, found, settings or plan.Settings())


def key_fields(order: Order) -> dict[str, Any]:
    """Everything that can change an engine; its digest is the engine's identity."""
    spec = order.weights.spec
    S = spec.input_size
    return {
        "schema": manifest.SCHEMA,
        "model": spec.name,
        "weights_sha256": order.weights.sha256,  # of the ONNX file: weights and graph
        "cut": order.cut,
        "precision": order.precision,
        "calibration": order.ranges.digest if order.ranges else None,
        "input": {"name": "images", "dtype": "float32", "shape": [1, 3, S, S]},
        "output": spec.head(order.cut),
        "backend": order.backend,
        "backend_version": _backend_version(order.backend),
        "device": backends.find(order.backend).device(),
        "system": f"{platform.system()}-{platform.machine()}",
        "flags": plan.options(order.settings) if order.is_plan else {},
        "builder": _builder_version(),
        "onnx": metadata.version("onnx"),
    }


@functools.cache
def _builder_version() -> str:
    """Identity of our own passes: a change of them makes other engines."""
    folder = paths.PACKAGE / "compiler"
    return hashlib.sha256(b"".join((folder / name).read_bytes() for name in PASSES)).hexdigest()


@functools.cache
def _backend_version(backend: str) -> str:
    return backends.find(backend).version()
