"""Memory on a device as other libraries hand it over: pycuda, cupy, torch, numba."""

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
    stream: int | None  # whoever reads must wait for it; None where there is nothing to wait for

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


def array_of(theirs: Any, shape: tuple[int, ...]) -> DeviceArray:
    """Somebody's device array, checked: BadInput unless it is contiguous float32 of this shape."""
    face = theirs.__cuda_array_interface__
    strides = face.get("strides")
    contiguous = tuple(int(4 * np.prod(shape[axis + 1 :])) for axis in range(len(shape)))
    fits = face["typestr"] == "<f4" and tuple(face["shape"]) == tuple(shape)
    if not fits or (strides is not None and tuple(strides) != contiguous):
        raise BadInput(
            f"a device array of {face['typestr']} {tuple(face['shape'])}, strides {strides}; "
            f"wanted contiguous float32 {tuple(shape)}"
        )
    return DeviceArray(int(face["data"][0]), tuple(shape), face.get("stream"))
