"""A network run once in ONNX Runtime, to see whether it runs and what its outputs are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from edge3dpose.errors import BadInput
from edge3dpose.models._spec_file import SpecFile


def session(model: ModelProto, where: str) -> Any:
    """The model, open; BadInput where it does not open."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # its errors share no base class but Exception
        raise BadInput(f"{where} does not open in ONNX Runtime: {short(error)}") from None


def infer(opened: Any, inputs: dict[str, NDArray], where: str) -> list[Any]:
    """All outputs; BadInput where it does not run."""
    try:
        found: list[Any] = opened.run(None, inputs)
        return found
    except Exception as error:
        raise BadInput(f"{where} does not run in ONNX Runtime: {short(error)}") from None


def answer(model: ModelProto, file: SpecFile, where: str) -> NDArray:
    """What a model says of a picture of noise: (1, J, C)."""
    side = file.spec.input_size
    picture = np.random.default_rng(1).random((1, 3, side, side), np.float32)
    answer: NDArray = infer(session(model, where), {"images": picture}, where)[0]
    return answer


def short(error: Exception) -> str:
    """An error in one short line."""
    return " ".join(str(error).split())[:200]
