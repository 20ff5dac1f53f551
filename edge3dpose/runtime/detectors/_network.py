"""A detector's network: its file verified, opened in the runtime that the engine uses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from edge3dpose import paths
from edge3dpose.errors import EngineMismatch, MissingDependency
from edge3dpose.runtime.backends import openvino
from edge3dpose.types import Array

Network: TypeAlias = Callable[[Array], Sequence[Array]]  # the one input -> the outputs asked for


def verified(path: Path, sha256: str) -> Path:
    """The path; EngineMismatch where the file that came with the package is not as it was."""
    if not path.is_file() or paths.sha256_of(path) != sha256:
        raise EngineMismatch(f"{path} is missing or damaged; reinstall edge3dpose")
    return path


def open_network(
    path: Path,
    image: str,
    outputs: Sequence[str],
    *,
    bf16: bool,
    shape: Sequence[int] | None = None,
    threads: int | None = None,
) -> Network:
    """Open a verified network.

    image    name of its input
    bf16     in OpenVINO: twice as fast as ONNX Runtime, which is then not loaded at all
    shape    of the input, where the file leaves it open
    threads  None for the runtime's own choice
    Raises MissingDependency without the runtime.
    """
    if not bf16:
        return _in_fp32(path, image, outputs, threads)
    shapes = None if shape is None else {image: shape}
    request = openvino.compiled(
        path, bf16=True, shapes=shapes, threads=threads
    ).create_infer_request()

    def network(picture: Array) -> list[Array]:
        request.infer({image: picture}, share_inputs=True)
        return [request.get_tensor(name).data for name in outputs]

    return network


def _in_fp32(path: Path, image: str, outputs: Sequence[str], threads: int | None) -> Network:
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingDependency(
            f"detecting people needs ONNX Runtime ({error}); install it: pip install onnxruntime"
        ) from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if threads is not None:
        options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda picture: session.run(list(outputs), {image: picture})
