"""ONNX Runtime on the CPU: an engine that is an ONNX file -> Engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from edge3dpose import manifest
from edge3dpose.engine_types import Engine, ModelSpec
from edge3dpose.errors import EngineMismatch, MissingDependency
from edge3dpose.runtime.backends import Backend
from edge3dpose.types import Array


class OnnxRuntime(Backend):
    """ONNX Runtime on the CPU."""

    name = "onnxruntime"
    package = "onnxruntime"
    install = "pip install onnxruntime"
    auto_rank = 20
    auto_reason = "neither an NVIDIA device that can be used nor openvino is here"
    supports_threads = True

    def version(self) -> str:
        """Full version of the package."""
        return self._import().__version__

    def open_engine(self, path: Path, spec: ModelSpec, *, threads: int | None = None) -> Engine:
        """Open a verified ONNX file on the CPU.

        threads  None for one a physical core, ONNX Runtime's own choice
        """
        runtime = self._import()
        made, content = manifest.read_verified(path)
        manifest.check_fits(made, spec, self.name)
        options = runtime.SessionOptions()
        options.log_severity_level = 3  # its warnings about the graph are not for users
        if threads is not None:
            options.intra_op_num_threads = threads
        # between two frames the threads wait; spinning would take cores from decoding
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        providers = ["CPUExecutionProvider"]
        try:
            session = runtime.InferenceSession(content, options, providers=providers)
        except Exception as error:  # its errors share no base class but Exception
            raise EngineMismatch(
                f"ONNX Runtime {runtime.__version__} does not open {path}: {error}; "
                f"rebuild: {made.rebuild}"
            ) from error
        head = spec.head(made.cut)
        outputs = [output.name for output in session.get_outputs()]
        if head not in outputs:
            raise EngineMismatch(
                f"{path} has outputs {outputs}, wanted {head}; rebuild: {made.rebuild}"
            )
        return OnnxRuntimeEngine(session, head, spec)

    def _import(self) -> Any:
        try:
            import onnxruntime
        except ImportError as error:
            raise MissingDependency(
                f"ONNX Runtime is not here ({error}); install it: {self.install}"
            ) from error
        return onnxruntime


class OnnxRuntimeEngine(Engine):
    """One cut; runs one person at a time. Not thread-safe."""

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


PLUGIN = OnnxRuntime()
