"""The weights in an ONNX file of another's making -> numpy, verified and finite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge3dpose import onnx_bytes
from edge3dpose.errors import EngineMismatch


def graph_of(content: bytes, file: Path) -> Any:
    """The graph of an ONNX file's bytes; EngineMismatch where it is no whole model of one file."""
    import onnx
    from google.protobuf.message import DecodeError

    onnx_bytes.check(content, file)
    try:
        return onnx.load_from_string(content).graph
    except (DecodeError, ValueError) as error:
        raise EngineMismatch(f"{file} is no whole ONNX file: {error}") from None


def arrays_of(graph: Any, file: Path) -> dict[str, NDArray[Any]]:
    """The graph's weights by name; EngineMismatch where one cannot be read or is not finite."""
    from onnx import numpy_helper

    found = {}
    for tensor in graph.initializer:
        try:
            value = np.array(numpy_helper.to_array(tensor))
        except (ValueError, TypeError, KeyError) as error:
            raise EngineMismatch(f"{file}: {tensor.name[:60]} is damaged: {error}") from None
        if value.dtype.kind == "f" and value.size > 1 and not np.isfinite(value).all():
            raise EngineMismatch(f"{file}: {tensor.name[:60]} has numbers that are not finite")
        found[tensor.name] = value
    return found
