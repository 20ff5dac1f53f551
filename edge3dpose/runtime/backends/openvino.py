"""OpenVINO on the CPU: an engine that is an ONNX file -> Engine."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge3dpose import manifest
from edge3dpose.engine_types import Engine, ModelSpec, Precision
from edge3dpose.errors import EngineMismatch, MissingDependency
from edge3dpose.runtime.backends import Backend
from edge3dpose.types import Array

INSTALL = "pip install openvino"


class OpenVino(Backend):
    """OpenVINO on the CPU, for the least time a call."""

    name = "openvino"
    package = "openvino"
    install = INSTALL
    auto_rank = 10
    auto_reason = "no NVIDIA device that can be used; faster than onnxruntime on CPUs"
    precisions: tuple[Precision, ...] = ("fp32", "bf16", "fp16", "int8")
    supports_threads = True

    def version(self) -> str:
        """Full version of the package."""
        return _import().__version__

    def unsupported_reason(self, precision: str) -> str:
        """BF16 needs instructions of the CPU."""
        if precision != "bf16" or computes_bf16():
            return super().unsupported_reason(precision)
        return (
            "is not for this machine: this CPU does not compute in it (wanted AMX or AVX512-BF16); "
            "take fp32 or int8"
        )

    def auto_precision(self, *, shipped_weights: bool) -> tuple[Precision, str]:
        """BF16 where the CPU computes in it and the weights are known to work in it."""
        if not computes_bf16():
            return super().auto_precision(shipped_weights=shipped_weights)
        if not shipped_weights:
            return (
                "fp32",
                "exact; this CPU is quicker with --precision bf16, if these weights bear it",
            )
        return "bf16", "this CPU computes in it, much quicker than in fp32, which is exact"

    def open_engine(self, path: Path, spec: ModelSpec, *, threads: int | None = None) -> Engine:
        """Open a verified ONNX file on the CPU.

        threads  None for OpenVINO's own choice
        """
        package = _import()
        made = manifest.verify(path)
        manifest.check_fits(made, spec, self.name)
        if made.precision == "bf16" and not computes_bf16():
            raise EngineMismatch(
                f"{path} is for CPUs that compute in BF16, which this one does not"
            )
        try:
            model = compiled(path, bf16=made.precision == "bf16", threads=threads)
        except RuntimeError as error:
            raise EngineMismatch(
                f"OpenVINO {package.__version__} does not open {path}: {error}; "
                f"rebuild: {made.rebuild}"
            ) from error
        head = spec.head(made.cut)
        heads = [name for output in model.outputs for name in output.get_names()]
        if head not in heads:
            raise EngineMismatch(
                f"{path} has outputs {heads}, wanted {head}; rebuild: {made.rebuild}"
            )
        return OpenVinoEngine(model, head, spec)


class OpenVinoEngine(Engine):
    """One cut; runs one person at a time. Not thread-safe."""

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


@functools.cache
def computes_bf16() -> bool:
    """Whether this CPU has instructions for BF16: AMX or AVX512-BF16."""
    return "BF16" in list(_import().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"))


def compiled(
    path: Path,
    *,
    bf16: bool,
    threads: int | None = None,
    shapes: Mapping[str, Sequence[int]] | None = None,
) -> Any:
    """A network compiled for the CPU and the least time a call; RuntimeError where it cannot be.

    shapes  of inputs that are to be fixed, by name
    """
    config: dict[str, Any] = {
        # Without the hint OpenVINO silently computes in BF16 or FP16 where the CPU has them
        "INFERENCE_PRECISION_HINT": "bf16" if bf16 else "f32",
        "PERFORMANCE_HINT": "LATENCY",
        # a thread that is bound to a core waits for whatever else runs there: on a busy two-core
        # machine a call took 390 ms bound and 46 ms free (median)
        "ENABLE_CPU_PINNING": False,
    }
    if threads is not None:
        config["INFERENCE_NUM_THREADS"] = threads
    core = _import().Core()
    if shapes is None:
        return core.compile_model(str(path), "CPU", config)
    network = core.read_model(str(path))
    network.reshape({name: list(shape) for name, shape in shapes.items()})
    return core.compile_model(network, "CPU", config)


def _import() -> Any:
    try:
        import openvino
    except ImportError as error:
        raise MissingDependency(f"OpenVINO is not here ({error}); install it: {INSTALL}") from error
    return openvino


PLUGIN = OpenVino()
