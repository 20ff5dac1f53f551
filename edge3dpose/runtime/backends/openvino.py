"""OpenVINO on the CPU: an engine that is an ONNX file -> Engine."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np

from edge3dpose import manifest
from edge3dpose.errors import EngineMismatch, MissingDependency
from edge3dpose.types import Array, Engine, ModelSpec


def version() -> str:
    """Full version of the package."""
    return _package().__version__


@functools.cache
def computes_bf16() -> bool:
    """Whether this CPU has instructions for it: AMX or AVX512-BF16."""
    return "BF16" in list(_package().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"))


def unsupported_reason(precision: str) -> str:
    """Why no engine of that precision can be had; empty where one can."""
    if precision != "bf16" or computes_bf16():
        return ""
    return (
        "is not for this machine: this CPU does not compute in it (wanted AMX or AVX512-BF16); "
        "take fp32 or int8"
    )


def open_engine(path: Path, spec: ModelSpec, *, threads: int | None = None) -> Engine:
    """Open a verified ONNX file on the CPU, for the least time a call.

    threads  None for OpenVINO's own choice
    Raises BadInput or EngineMismatch (see manifest.verify), MissingDependency without the package.
    """
    package = _package()
    made = manifest.verify(path)
    manifest.check_fits(made, spec, "openvino", package.__version__)
    if made.precision == "bf16" and not computes_bf16():
        raise EngineMismatch(f"{path} is for CPUs that compute in BF16, which this one does not")
    try:
        model = compiled(path, bf16=made.precision == "bf16", threads=threads)
    except RuntimeError as error:
        raise EngineMismatch(
            f"OpenVINO {package.__version__} does not open {path}: {error}; rebuild: {made.rebuild}"
        ) from error
    heads = [name for output in model.outputs for name in output.get_names()]
    if spec.head(made.cut) not in heads:
        raise EngineMismatch(
            f"{path} has outputs {heads}, wanted {spec.head(made.cut)}; rebuild: {made.rebuild}"
        )
    return OpenVinoEngine(model, spec.head(made.cut), spec)


def compiled(path: Path, *, bf16: bool, threads: int | None = None) -> Any:
    """A network compiled for the CPU and the least time a call; RuntimeError where it cannot be."""
    config: dict[str, Any] = {
        # Without the hint OpenVINO silently computes in BF16 or FP16 where the CPU has them
        "INFERENCE_PRECISION_HINT": "bf16" if bf16 else "f32",
        "PERFORMANCE_HINT": "LATENCY",
        # threads bound to a core wait there for whoever else runs on it: on a busy two-core machine
        # a call took 390 ms bound and 46 ms free (median)
        "ENABLE_CPU_PINNING": False,
    }
    if threads is not None:
        config["INFERENCE_NUM_THREADS"] = threads
    return _package().Core().compile_model(str(path), "CPU", config)


class OpenVinoEngine(Engine):
    """One cut, one person a call inside; not thread-safe."""

    def __init__(self, compiled: Any, head: str, spec: ModelSpec) -> None:
        self._compiled = compiled
        self._request = compiled.create_infer_request()
        self._head = compiled.output(head)
        self._spec = spec

    def __call__(self, images: Array) -> Array:
        """images (N, 3, S, S) float32 -> (N, J, C), see ModelSpec, the caller's own."""
        found = np.empty(self._spec.output_shape(len(images)), np.float32)
        for n in range(len(images)):
            self._request.infer({"images": images[n : n + 1]}, share_inputs=True)
            found[n] = self._request.get_tensor(self._head).data[0]
        return found

    def close(self) -> None:
        """Free the compiled model; a second call does nothing."""
        self._compiled = self._request = self._head = None


def _package() -> Any:
    try:
        import openvino
    except ImportError as error:
        raise MissingDependency(
            f"OpenVINO is not here ({error}); install it: pip install openvino"
        ) from error
    return openvino
