"""A glTF 2.0 binary (.glb): one JSON chunk, one chunk of arrays."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER = 34962, 34963
COMPONENT_TYPES = {"float32": 5126, "uint16": 5123, "uint8": 5121}
SHAPES = {(): "SCALAR", (3,): "VEC3", (4,): "VEC4", (4, 4): "MAT4"}
_MAGIC, _JSON, _BINARY = 0x46546C67, 0x4E4F534A, 0x004E4942


class Gltf:
    """Collects arrays; ``content`` is the JSON, to which a caller adds nodes, meshes and so on."""

    def __init__(self, generator: str) -> None:
        self.content: dict[str, Any] = {
            "asset": {"version": "2.0", "generator": generator},
            "accessors": [],
            "bufferViews": [],
        }
        self._bytes = bytearray()

    def add(
        self,
        array: NDArray,
        *,
        target: int | None = None,
        limits: bool = False,
        normalized: bool = False,
    ) -> int:
        """Store an array (n, ...) of one of COMPONENT_TYPES; returns the number of its accessor.

        target      ARRAY_BUFFER of vertices, ELEMENT_ARRAY_BUFFER of indices
        limits      write the smallest and largest value, as positions and times must
        normalized  whole numbers stand for 0 to 1
        """
        data = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        view: dict[str, Any] = {"buffer": 0, "byteOffset": len(self._bytes)}
        view["byteLength"] = data.nbytes
        if target is not None:
            view["target"] = target
        self._bytes += data.tobytes() + bytes(-data.nbytes % 4)
        accessor: dict[str, Any] = {
            "bufferView": len(self.content["bufferViews"]),
            "componentType": COMPONENT_TYPES[array.dtype.name],
            "count": len(array),
            "type": SHAPES[array.shape[1:]],
        }
        if limits:
            columns = data.reshape(len(data), -1)
            accessor |= {"min": columns.min(0).tolist(), "max": columns.max(0).tolist()}
        if normalized:
            accessor["normalized"] = True
        self.content["bufferViews"].append(view)
        self.content["accessors"].append(accessor)
        return len(self.content["accessors"]) - 1

    def animate(
        self, name: str, time_s: NDArray, channels: Sequence[tuple[int, str, NDArray]]
    ) -> None:
        """An animation: times (n,), and (node, "rotation" or "translation", values (n, 4 or 3))."""
        times = self.add(time_s.astype(np.float32), limits=True)
        animation: dict[str, Any] = {"name": name, "samplers": [], "channels": []}
        for number, (node, path, values) in enumerate(channels):
            output = self.add(values.astype(np.float32))
            sampler = {"input": times, "output": output, "interpolation": "LINEAR"}
            animation["samplers"].append(sampler)
            target = {"node": node, "path": path}
            animation["channels"].append({"sampler": number, "target": target})
        self.content.setdefault("animations", []).append(animation)

    def to_bytes(self) -> bytes:
        """The file."""
        content = {**self.content, "buffers": [{"byteLength": len(self._bytes)}]}
        text = json.dumps(content, separators=(",", ":"), allow_nan=False).encode()
        text += b" " * (-len(text) % 4)
        length = 12 + 8 + len(text) + 8 + len(self._bytes)
        return b"".join(
            [
                struct.pack("<III", _MAGIC, 2, length),
                struct.pack("<II", len(text), _JSON) + text,
                struct.pack("<II", len(self._bytes), _BINARY) + bytes(self._bytes),
            ]
        )
