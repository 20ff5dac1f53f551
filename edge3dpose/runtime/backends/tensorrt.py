"""TensorRT 10.3 to 11.x on an NVIDIA GPU: a plan -> Engine, replayed as one CUDA graph."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge3dpose.runtime.backends import _plan
from edge3dpose.types import Engine, ModelSpec


def version() -> str:
    """Full version of the package."""
    return _plan.package_of("tensorrt").__version__


def problem() -> str:
    """Why this backend cannot run here; empty where it can."""
    return _plan.problem("tensorrt")


def unsupported_reason(precision: str) -> str:
    """Why no engine of that precision can be had; empty where one can."""
    return "is for openvino; take fp32, fp16 or int8" if precision == "bf16" else ""


def open_engine(path: Path, spec: ModelSpec) -> Engine:
    """Open a verified plan; MissingDependency in one line without driver, device or package."""
    return open_engines({0: path}, spec)[0]


def open_engines(paths: Mapping[int, Path], spec: ModelSpec) -> dict[int, Engine]:
    """Open several cuts of a model, which share buffers and the memory of their activations."""
    return {**_plan.open_plans(paths, spec, "tensorrt", context_of=_context, captures=True)}


def _context(trt: Any, plan: Any, strategy: Any) -> Any:
    return plan.create_execution_context(strategy)
