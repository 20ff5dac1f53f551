"""HDR video (PQ, HLG) -> 8-bit BGR of BT.709, by one curve for all of a picture.

Below half of the reference white nothing is changed; what is brighter is rolled off. A table of
33 x 33 x 33 colours is worked out once, and FFmpeg's lut3d looks pixels up in it.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any

import numpy as np
from av.filter import Graph
from av.video.frame import VideoFrame

from edge3dpose.types import Image

PQ, HLG = 16, 18  # AVColorTransferCharacteristic
HDR_CURVES = (PQ, HLG)

_WHITE_NITS = 203.0  # of reference white, ITU-R BT.2408
_CELLS = 33
_KNEE = 0.5
_BT709_FROM_BT2020 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
)
_BT2020_PRIMARIES = 9


class ToneMap:
    """Frames of one size and format, converted.

    color_range  1 limited, 2 full
    """

    def __init__(self, frame: VideoFrame, color_range: int) -> None:
        self._kind = _kind(frame)
        table = _table(int(frame.color_trc), wide=int(frame.color_primaries) == _BT2020_PRIMARIES)
        file = tempfile.NamedTemporaryFile("w", suffix=".cube", delete=False)  # noqa: SIM115 (Windows: closed before it is read)
        try:
            with file:
                file.write(_cube(table))
            self._graph = _graph(frame, color_range, file.name)
        finally:
            os.unlink(file.name)

    def fits(self, frame: VideoFrame) -> bool:
        """Whether a frame is of the same size, format and curve."""
        return self._kind == _kind(frame)

    def __call__(self, frame: VideoFrame) -> Image:
        """(H, W, 3) uint8."""
        self._graph.vpush(frame)
        return np.asarray(self._graph.vpull().to_ndarray(), np.uint8)


def _kind(frame: VideoFrame) -> tuple[Any, ...]:
    return frame.width, frame.height, frame.format.name, frame.color_trc, frame.color_range


def _graph(frame: VideoFrame, color_range: int, cube: str) -> Graph:
    graph = Graph()
    base = frame.time_base or 1
    source = graph.add(
        "buffer",
        f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:time_base={base}:"
        f"pixel_aspect=1/1:colorspace={int(frame.colorspace)}:range={int(frame.color_range)}",
    )
    limits = "full" if color_range == 2 else "limited"
    scale = graph.add("scale", f"in_color_matrix=bt2020:in_range={limits}:out_range=full")
    deep = graph.add("format", "gbrp10le")
    look_up = graph.add("lut3d", file=cube)
    graph.link_nodes(
        *(source, scale, deep, look_up, graph.add("format", "bgr24"), graph.add("buffersink"))
    ).configure()
    return graph


def _table(curve: int, *, wide: bool) -> np.ndarray:
    """(33, 33, 33, 3) colours 0..1 of BT.709, by red, green and blue of the signal."""
    signal = np.linspace(0, 1, _CELLS)
    rgb = np.stack(np.meshgrid(signal, signal, signal, indexing="ij"), axis=-1)
    light = _pq_nits(rgb) if curve == PQ else _hlg_nits(rgb)
    light = light / _WHITE_NITS
    if wide:
        light = np.maximum(light @ _BT709_FROM_BT2020.T, 0)
    brightest = np.maximum(light.max(axis=-1, keepdims=True), 1e-9)
    return np.clip(light * (_rolled_off(brightest) / brightest), 0, 1) ** (1 / 2.2)


def _rolled_off(light: np.ndarray) -> np.ndarray:
    over = np.maximum(light - _KNEE, 0)
    return np.minimum(light, _KNEE) + (1 - _KNEE) * (1 - np.exp(-over / (1 - _KNEE)))


def _pq_nits(signal: np.ndarray) -> np.ndarray:
    """SMPTE ST 2084."""
    m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
    root = signal ** (1 / m2)
    return 10000 * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)


def _hlg_nits(signal: np.ndarray) -> np.ndarray:
    """ARIB STD-B67 on a screen of 1000 nits."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    luminance = np.maximum(scene @ np.array([0.2627, 0.6780, 0.0593]), 1e-9)[..., None]
    return 1000 * scene * luminance**0.2


def _cube(table: np.ndarray) -> str:
    """An Adobe cube file: red runs fastest."""
    rows = table.transpose(2, 1, 0, 3).reshape(-1, 3)
    lines = (f"{r:.5f} {g:.5f} {b:.5f}" for r, g, b in rows)
    return f"LUT_3D_SIZE {_CELLS}\n" + "\n".join(lines) + "\n"
