"""Recorded outputs played back: an .npz file of one array `outputs` (calls, J, C) -> Engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge3dpose import plain_arrays
from edge3dpose.engine_types import Engine, ModelSpec
from edge3dpose.errors import BadInput, EngineMismatch
from edge3dpose.runtime.backends import Backend
from edge3dpose.types import Array

LARGEST = 1e6  # number of an output


class Replay(Backend):
    """Plays recordings, for tests; a recording has no manifest, it holds only numbers."""

    name = "replay"
    package = "numpy"
    install = "pip install numpy"
    no_build_reason = "replay plays recordings; engines are built for the other backends"

    def version(self) -> str:
        """Version of the recording's format."""
        return "1"

    def open_engine(self, path: Path, spec: ModelSpec, *, threads: int | None = None) -> Engine:
        """Open a recording; BadInput without a file, EngineMismatch for any other file."""
        if not path.is_file():
            raise BadInput(f"no recording at {path}")
        try:
            outputs = plain_arrays.read_npz(path)["outputs"]
        except (BadInput, KeyError) as error:
            raise EngineMismatch(f"{path} is no recording of outputs: {error}") from None
        if outputs.dtype.kind != "f" or not (np.abs(outputs) < LARGEST).all():  # NaN is not
            raise EngineMismatch(f"{path} is no recording of outputs: no network gives its numbers")
        outputs = outputs.astype(np.float32)
        wanted = spec.output_shape(1)[1:]
        if outputs.shape[1:] != wanted or not len(outputs):
            raise EngineMismatch(f"{path} holds outputs {outputs.shape}, wanted (calls, *{wanted})")
        return ReplayEngine(outputs)


class ReplayEngine(Engine):
    """Gives the next recorded person for any image; starts again at the end."""

    def __init__(self, outputs: Array) -> None:
        self._outputs = outputs
        self._next = 0

    def __call__(self, images: Array) -> Array:
        """images (N, 3, S, S) -> the next N recordings, (N, J, C)."""
        rows = (self._next + np.arange(len(images))) % len(self._outputs)
        self._next = (self._next + len(images)) % len(self._outputs)
        return self._outputs[rows]


PLUGIN = Replay()
