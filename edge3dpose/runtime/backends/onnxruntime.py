"""ONNX Runtime on the CPU: an engine that is an ONNX file -> Engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from edge3dpose import manifest
from edge3dpose.errors import EngineMismatch, MissingDependency
from edge3dpose.types import Array, Engine, ModelSpec


def version() -> str:
    """Full version of the package."""
    return _package().__version__


def unsupported_reason(precision: str) -> str:
    """Why no engine of that precision can be had; empty where one can."""
    return "is for openvino; take fp32, fp16 or int8" if precision == "bf16" else ""


def open_engine(path: Path, spec: ModelSpec, *, threads: int | None = None) -> Engine:
    """Open a verified ONNX file on the CPU.

    threads  None for one a physical core, ONNX Runtime's own choice
    Raises BadInput or EngineMismatch (see manifest.verify), MissingDependency without the package.
    """
    runtime = _package()
    made = manifest.verify(path)
    manifest.check_fits(made, spec, "onnxruntime", runtime.__version__)
    options = runtime.SessionOptions()
    options.log_severity_level = 3  # its warnings about the graph are not for users
    if threads is not None:
        options.intra_op_num_threads = threads
    # a pipeline rests between two frames; spinning would burn the cores that decode the next one
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors share no base class but Exception
        raise EngineMismatch(
            f"ONNX Runtime {runtime.__version__} does not open {path}: {error}; "
            f"rebuild: {made.rebuild}"
        ) from error
    outputs = [output.name for output in session.get_outputs()]
    if spec.head(made.cut) not in outputs:
        raise EngineMismatch(
            f"{path} has outputs {outputs}, wanted {spec.head(made.cut)}; rebuild: {made.rebuild}"
        )
    return OnnxRuntimeEngine(session, spec.head(made.cut), spec)


class OnnxRuntimeEngine(Engine):
    """One cut, one person a call inside; not thread-safe."""

    def __init__(self, session: Any, head: str, spec: ModelSpec) -> None:
        self._session = session
        self._head = head
        self._spec = spec

    def __call__(self, images: Array) -> Array:
        """images (N, 3, S, S) float32 -> (N, J, C), see ModelSpec, the caller's own."""
        found = np.empty(self._spec.output_shape(len(images)), np.float32)
        for n in range(len(images)):
            found[n] = self._session.run([self._head], {"images": images[n : n + 1]})[0][0]
        return found

    def close(self) -> None:
        """Free the session; a second call does nothing."""
        self._session = None


def _package() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingDependency(
            f"ONNX Runtime is not here ({error}); install it: pip install onnxruntime"
        ) from error
    return onnxruntime
