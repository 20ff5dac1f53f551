"""MediaPipe's BlazePose detector: frame -> the ROI of each person in it, each frame by itself.

Bazarevsky et al., BlazePose, arXiv 2006.10204. The network gives the centre of the hips and a
point on the circle around the whole person; weights Apache-2.0, see NOTICE.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edge3dpose.runtime.detectors import Detector, DetectorPlugin
from edge3dpose.runtime.detectors._network import Network, open_network, verified
from edge3dpose.types import Array, Box, Frame, Image

FILE = Path(__file__).with_suffix(".onnx")
SHA256 = "a95ecfc656b8ebdd0849ebfd57e750896afc0718c2a4dd6d63ae56faa80d961a"
INPUT = 224
POINTS, LOGITS = "Identity", "Identity_1"  # its outputs
MIN_SCORE = 0.6  # at 0.5 there are false positives in trees and sun glare
ROI_PER_RADIUS = 2.7  # of a standing adult, median over some clips


@dataclass(frozen=True, slots=True)
class Detection:
    """A person whom the network found, in pixels of its input or of the frame."""

    hips: tuple[float, float]
    radius: float
    lean_rad: float  # clockwise from upright
    score: float


class BlazePosePlugin(DetectorPlugin):
    """Opens the network that comes with the package."""

    name = "blazepose"
    summary = "search every frame"

    def open(self, *, bf16: bool = False) -> Detector:
        """Open the network; EngineMismatch where its file was changed.

        bf16  in OpenVINO: twice as fast as ONNX Runtime, which is then not loaded at all
        """
        content = verified(FILE, SHA256)
        return BlazePose(open_network(content, "input_1", (POINTS, LOGITS), bf16=bf16))


class BlazePose(Detector):
    """Searches a frame window by window."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def __call__(self, frame: Frame) -> list[Box]:
        """Everybody in the frame."""
        return self._boxes(frame, search_windows(frame.image))

    def _boxes(self, frame: Frame, windows: list[tuple[int, int, int]]) -> list[Box]:
        found: list[Detection] = []
        for x0, y0, side in windows:
            tensor, scale = _tensor(frame.image, x0, y0, side)
            points, scores = self._network(tensor)
            found += [
                replace(
                    one,
                    hips=(one.hips[0] * scale + x0, one.hips[1] * scale + y0),
                    radius=one.radius * scale,
                )
                for one in detections_from_outputs(points[0], scores[0, :, 0])
            ]
        return [_box(one) for one in distinct(found)]


def search_windows(image: Image) -> list[tuple[int, int, int]]:
    """The windows (x0, y0, side) to search: the whole frame, and two squares of a long one.

    In a wide frame shrunk to 224 px, people in the distance are too small to be found.
    """
    height, width = image.shape[:2]
    long, short = max(height, width), min(height, width)
    windows = [((width - long) // 2, (height - long) // 2, long)]
    if long >= 1.25 * short:
        for start in (0, long - short):
            windows.append((start, 0, short) if width > height else (0, start, short))
    return windows


def detections_from_outputs(points: Array, logits: Array) -> list[Detection]:
    """Decode: points (2254, 12) in pixels from each anchor, logits (2254,)."""
    scores = 1 / (1 + np.exp(-np.clip(logits, -60, 60)))
    rows = np.flatnonzero(scores >= MIN_SCORE)
    rows = rows[np.argsort(-scores[rows])]
    hips = points[rows, 4:6] + _ANCHORS[rows]
    rim = points[rows, 6:8] + _ANCHORS[rows]
    return [
        Detection((float(x), float(y)), radius, math.atan2(across, -down), float(score))
        for (x, y), (across, down), score in zip(hips, rim - hips, scores[rows], strict=True)
        if (radius := math.hypot(across, down)) > 1
    ]


def distinct(found: list[Detection]) -> list[Detection]:
    """One detection a person, the best first (non-maximum suppression by the hips)."""
    kept: list[Detection] = []
    for one in sorted(found, key=lambda one: -one.score):
        if not any(_same_person(one, other) for other in kept):
            kept.append(one)
    return kept


def _same_person(a: Detection, b: Detection) -> bool:
    # A person's hips are a third of a radius wide: two people's can hardly be nearer than 0.4
    apart = np.hypot(a.hips[0] - b.hips[0], a.hips[1] - b.hips[1])
    return bool(apart < 0.4 * max(a.radius, b.radius))


def _box(one: Detection) -> Box:
    half = one.radius * ROI_PER_RADIUS / 2
    x, y = one.hips
    return Box(x - half, y - half, x + half, y + half, one.score, angle_rad=one.lean_rad)


def _tensor(image: Image, x0: int, y0: int, side: int) -> tuple[Array, float]:
    """A window of an image as the network's input, and image pixels per pixel of it."""
    import cv2

    height, width = image.shape[:2]
    part = image[max(y0, 0) : min(y0 + side, height), max(x0, 0) : min(x0 + side, width)]
    scale = side / INPUT
    left, top = round(max(-x0, 0) / scale), round(max(-y0, 0) / scale)
    size = (max(1, round(part.shape[1] / scale)), max(1, round(part.shape[0] / scale)))
    canvas = np.zeros((INPUT, INPUT, 3), np.uint8)
    shrunk = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)
    shrunk = shrunk[: INPUT - top, : INPUT - left]
    canvas[top : top + shrunk.shape[0], left : left + shrunk.shape[1]] = shrunk
    tensor = canvas[None, :, :, ::-1].astype(np.float32) * (2 / 255) - 1
    return np.ascontiguousarray(tensor), scale


def _anchors() -> Array:
    """Centres (2254, 2) in pixels: two a cell at strides 8 and 16, six at stride 32."""
    layers = []
    for stride, copies in ((8, 2), (16, 2), (32, 6)):
        cells = (np.arange(INPUT // stride, dtype=np.float32) + 0.5) * stride
        grid = np.stack(np.meshgrid(cells, cells), axis=-1).reshape(-1, 2)
        layers.append(np.repeat(grid, copies, axis=0))
    return np.concatenate(layers)


_ANCHORS = _anchors()
PLUGIN = BlazePosePlugin()
