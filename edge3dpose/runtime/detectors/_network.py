"""A detector's network: its file verified, opened in the runtime that the engine uses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from edge3dpose import input_files, paths
from edge3dpose.errors import EngineMismatch, MissingDependency
from edge3dpose.runtime.backends import openvino
from edge3dpose.types import Array

Network: TypeAlias = Callable[[Array], Sequence[Array]]  # the one input -> the outputs asked for


def verified(path: Path, sha256: str) -> bytes:
    """The bytes of a file that came with the package; EngineMismatch where it is not as it was."""
    if not path.is_file():
        raise EngineMismatch(f"{path} is missing; reinstall edge3dpose")
    return input_files.read_verified(path, sha256, "reinstall edge3dpose")


def open_network(
    content: bytes,
    image: str,
    outputs: Sequence[str],
    *,
    bf16: bool,
    shape: Sequence[int] | None = None,
    threads: int | None = None,
) -> Network:
    """Open a verified network.

    content  of its ONNX file
    image    name of its input
    bf16     in OpenVINO: twice as fast as ONNX Runtime, which is then not loaded at all
    shape    of the input, where the file leaves it open
    threads  None for the runtime's own choice
    Raises MissingDependency without the runtime.
    """
    if not bf16:
        return _in_fp32(content, image, outputs, threads)
    shapes = None if shape is None else {image: shape}
    request = openvino.compiled(
        content, bf16=True, shapes=shapes, threads=threads, copies=paths.engines_folder()
    ).create_infer_request()

    def network(picture: Array) -> list[Array]:
        request.infer({image: picture}, share_inputs=True)
        return [request.get_tensor(name).data for name in outputs]

    return network


def _in_fp32(content: bytes, image: str, outputs: Sequence[str], threads: int | None) -> Network:
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
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return lambda picture: session.run(list(outputs), {image: picture})
