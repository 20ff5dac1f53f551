"""A teacher's file: the one that is meant, opened in OpenVINO."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edge3dpose import paths
from edge3dpose.errors import BadInput, MissingDependency

if TYPE_CHECKING:
    import openvino


def verify(model: Path, sha256: str, wanted: str) -> None:
    """BadInput where a file is missing or another one.

    wanted  what the file is and where it is from
    """
    if not model.is_file():
        raise BadInput(f"no teacher at {model}; wanted {wanted}")
    found = paths.sha256_of(model)
    if found != sha256:
        raise BadInput(
            f"{model} is another file than the teacher's: SHA-256 {found[:12]}..., "
            f"wanted {sha256[:12]}..., {wanted}"
        )


def compiled(model: Path) -> openvino.CompiledModel:
    """Open a .tflite or .onnx file, FP32 on the CPU; BadInput where it is no network."""
    try:
        import openvino
    except ImportError:
        raise MissingDependency("the teacher runs in OpenVINO; pip install openvino") from None
    core = openvino.Core()
    try:
        return core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    except RuntimeError as error:
        raise BadInput(f"{model} is not the teacher's file: {str(error).splitlines()[0]}") from None
