"""A teacher's file: the one that is meant, opened in OpenVINO."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from edge3dpose import input_files, storage
from edge3dpose.errors import BadInput, MissingDependency

if TYPE_CHECKING:
    import openvino


MOST_BYTES = 256 << 20


def verified(model: Path, hashes: Collection[str], wanted: str) -> bytes:
    """The bytes of a file with one of these hashes; BadInput where it is missing or another one.

    wanted  what the file is and where it is from
    """
    if not model.is_file():
        raise BadInput(f"no teacher at {model}; wanted {wanted}")
    content = input_files.read(model, MOST_BYTES)
    found = hashlib.sha256(content).hexdigest()
    if found not in hashes:
        known = " or ".join(f"{one[:12]}..." for one in hashes)
        raise BadInput(
            f"{model} is another file than the teacher's: SHA-256 {found[:12]}..., "
            f"wanted {known}, {wanted}"
        )
    return content


def compiled(content: bytes, model: Path) -> openvino.CompiledModel:
    """Open a .tflite or .onnx file of these bytes, FP32 on the CPU; BadInput for no network.

    model  the file that was read: named in errors, and its ending tells the kind
    """
    try:
        import openvino
    except ImportError:
        raise MissingDependency("the teacher runs in OpenVINO; pip install openvino") from None
    core = openvino.Core()
    core.set_property({"ENABLE_MMAP": False})
    try:
        # OpenVINO reads .tflite from a path alone: one that nobody else can write
        with tempfile.TemporaryDirectory(prefix="edge3dpose-") as folder:
            copy = Path(folder) / f"model{model.suffix}"
            storage.write_bytes(copy, content)
            return core.compile_model(copy, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    except OSError as error:
        raise BadInput(f"no room for a copy of {model}: {error.strerror}") from None
    except RuntimeError as error:
        raise BadInput(f"{model} is not the teacher's file: {str(error).splitlines()[0]}") from None
