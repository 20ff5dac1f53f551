"""ONNX Runtime on an NVIDIA GPU without TensorRT: an ONNX file -> Engine, one CUDA graph inside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge3dpose import nvidia
from edge3dpose.engine_types import Engine, ModelSpec, Precision
from edge3dpose.errors import MissingDependency
from edge3dpose.runtime.backends import GpuBackend, no_gpu

PROVIDER = "CUDAExecutionProvider"


class OnnxRuntimeCuda(GpuBackend):
    """ONNX Runtime's CUDA provider; its package excludes that of the CPU."""

    name = "onnxruntime-cuda"
    package = "onnxruntime"
    install = "pip uninstall -y onnxruntime && pip install 'onnxruntime-gpu[cuda,cudnn]'"
    auto_rank = 2
    precisions: tuple[Precision, ...] = ("fp32", "fp16")

    def version(self) -> str:
        """Full version of the package; MissingDependency where this backend cannot run."""
        return self.bindings().__version__

    def problem(self) -> str:
        """Why it cannot run here; imports the package where there is a device."""
        try:
            self.bindings()
        except MissingDependency as error:
            return str(error)
        return ""

    def unsupported_reason(self, precision: str) -> str:
        """INT8 needs quantised convolutions."""
        if precision == "int8":
            return f"has no convolutions in {self.name}, only floats; take fp16 or fp32"
        return super().unsupported_reason(precision)

    def open_engine(self, path: Path, spec: ModelSpec, *, threads: int | None = None) -> Engine:
        """Open a verified ONNX file on the first device."""
        package = self.bindings()
        from edge3dpose.runtime.backends._bound_engine import open_on_device

        return open_on_device(package, path, spec, self)

    def bindings(self) -> Any:
        """The package, imported; MissingDependency without a device or the CUDA provider."""
        if why := nvidia.probe().problem:
            raise no_gpu(why)
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingDependency(
                f"ONNX Runtime is not here ({error}); {self.install}"
            ) from error
        if PROVIDER not in onnxruntime.get_available_providers():
            raise MissingDependency(
                f"this ONNX Runtime ({onnxruntime.__version__}) was built without CUDA, and the "
                f"two builds cannot be installed side by side; {self.install}"
            )
        return onnxruntime


PLUGIN = OnnxRuntimeCuda()
