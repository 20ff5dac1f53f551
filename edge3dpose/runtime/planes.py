"""Pictures as a GPU reads them: BGR or NV12, in memory of the host or of the device -> Planes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from edge3dpose.errors import BadInput
from edge3dpose.types import Image

Format = Literal["bgr", "nv12"]


@dataclass(frozen=True, slots=True)
class Nv12:
    """A picture as hardware decoders give it: numpy arrays, or another library's on the device.

    OpenCV's cvtColor takes every NV12 for BT.601 of limited range, and so does this by default;
    streams of 720 lines and more are mostly BT.709.
    """

    luma: Any  # (H, W) uint8, both even
    chroma: Any  # (H / 2, W / 2, 2) uint8: U, V
    matrix: Literal["bt601", "bt709"] = "bt601"
    full_range: bool = False


@dataclass(frozen=True, slots=True)
class Plane:
    """Rows of pixels; ``host`` is None where they lie on the device, at ``pointer``."""

    height: int
    width: int
    channels: int
    host: Image | None
    pointer: int = 0
    pitch: int = 0  # bytes from row to row
    stream: int | None = None  # of the device, to wait for before reading

    @property
    def upload_bytes(self) -> int:
        """What has to go up to the device."""
        return 0 if self.host is None else self.height * self.width * self.channels

    def part(self, x0: int, y0: int, x1: int, y1: int) -> Plane:
        """The pixels of a window."""
        host = None if self.host is None else self.host[y0:y1, x0:x1]
        start = self.pointer + y0 * self.pitch + x0 * self.channels
        return replace(self, height=y1 - y0, width=x1 - x0, host=host, pointer=start)


def format_of(picture: Any) -> Format:
    """Which of the two a picture is."""
    return "nv12" if isinstance(picture, Nv12) else "bgr"


def planes_of(picture: Any) -> list[Plane]:
    """BGR (H, W, 3), or luma and chroma; BadInput for anything else.

    picture  a numpy array, an array with __cuda_array_interface__, or Nv12 of such
    """
    if not isinstance(picture, Nv12):
        return [_plane(picture, 3)]
    luma, chroma = _plane(picture.luma, 1), _plane(picture.chroma, 2)
    if (luma.height, luma.width) != (2 * chroma.height, 2 * chroma.width):
        raise BadInput(
            f"NV12 of {luma.width}x{luma.height} with chroma {chroma.width}x{chroma.height}; "
            "wanted half as many of each, and even sides"
        )
    return [luma, chroma]


def _plane(array: Any, channels: int) -> Plane:
    face = getattr(array, "__cuda_array_interface__", None)
    kind = face["typestr"] if face else getattr(array, "dtype", np.dtype(object)).str
    shape = tuple(face["shape"] if face else np.shape(array))
    flat = shape if channels > 1 else (*shape, 1)
    row = (flat[1] * channels, channels, 1) if len(flat) == 3 else ()
    strides = tuple((face.get("strides") or row) if face else row)
    if kind != "|u1" or len(flat) != 3 or flat[2] != channels or strides[1:] not in (row[1:], (1,)):
        wanted = {1: "(H, W)", 2: "(H, W, 2)", 3: "(H, W, 3)"}[channels]
        raise BadInput(
            f"a picture plane of {kind} {shape}, strides {strides}; wanted uint8 {wanted}"
        )
    height, width = flat[:2]
    if face is None:
        return Plane(height, width, channels, np.asarray(array).reshape(flat))
    return Plane(
        height, width, channels, None, int(face["data"][0]), int(strides[0]), face.get("stream")
    )
