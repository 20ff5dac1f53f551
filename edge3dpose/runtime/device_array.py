"""Device memory that is exchanged with other libraries: pycuda, cupy, torch, numba."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from edge3dpose.errors import BadInput


@dataclass(frozen=True, slots=True)
class DeviceArray:
    """Float32 memory on a device, for any library that reads __cuda_array_interface__."""

    pointer: int
    shape: tuple[int, ...]
    stream: int | None  # to wait for before reading; None: nothing to wait for

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return {
            "shape": self.shape,
            "typestr": "<f4",
            "data": (self.pointer, False),
            "version": 3,
            "strides": None,
            "stream": self.stream,
        }


def array_of(array: Any, shape: tuple[int, ...]) -> DeviceArray:
    """Another library's device array; BadInput unless it is contiguous float32 of this shape."""
    face = array.__cuda_array_interface__
    strides = face.get("strides")
    contiguous = tuple(int(4 * np.prod(shape[axis + 1 :])) for axis in range(len(shape)))
    fits = face["typestr"] == "<f4" and tuple(face["shape"]) == tuple(shape)
    if not fits or (strides is not None and tuple(strides) != contiguous):
        raise BadInput(
            f"a device array of {face['typestr']} {tuple(face['shape'])}, strides {strides}; "
            f"wanted contiguous float32 {tuple(shape)}"
        )
    return DeviceArray(int(face["data"][0]), tuple(shape), face.get("stream"))
