"""NanoDet: frame -> the ROI and the tight box of each person in it, each frame by itself.

NanoDet-g of RangiLyu/nanodet (Apache-2.0, see NOTICE), trained on COCO, its person class alone. For
each cell of three grids the network gives a score and, as distributions (Li et al., Generalized
Focal Loss, arXiv 2006.04388), the distances to the four sides of the box.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from edge3dpose.runtime.blocks import at_least
from edge3dpose.runtime.detectors import Detector, DetectorPlugin
from edge3dpose.runtime.detectors._network import Network, open_network, verified
from edge3dpose.runtime.detectors._person_box import roi_from_extent
from edge3dpose.runtime.tracking.similarity import iou
from edge3dpose.types import Array, Box, Frame, Image

FILE = Path(__file__).with_suffix(".onnx")
SHA256 = "f7b42fc8540f7b3317ec979f3f3ce7a08777b1aadcd8c7d1107389710b9b3fb3"
STRIDES = (8, 16, 32)
QUICK, FINE = 320 * 192, 416 * 256  # pixels of the input at most; the finer is for small people
BINS = 11  # a distance is one of 0 .. 10 strides
MIN_SCORE = 0.35
SAME_PERSON = 0.5  # intersection over union of two boxes
PADDING = 114  # grey value beside the picture
MEAN_BGR, STD_BGR = (103.53, 116.28, 123.675), (57.375, 57.12, 58.395)  # as it was trained
THREADS = 1  # it searches beside the loop


class NanoDetPlugin(DetectorPlugin):
    """Opens the network that comes with the package."""

    name = "nanodet"
    summary = "search every frame, also for small people and crowds"

    def open(self, *, bf16: bool = False, min_score: float = MIN_SCORE) -> Detector:
        """Open the network; EngineMismatch where its file was changed.

        bf16       in OpenVINO: ONNX Runtime is then not loaded at all
        min_score  of a box
        """
        detector = NanoDet(bf16=bf16, min_score=min_score)
        for pixels in (QUICK, FINE):  # errors come now, and the first frame does not wait for it
            detector.network(*input_size(1280, 720, pixels))
        return detector


class NanoDet(Detector):
    """Searches each frame by itself."""

    def __init__(self, *, bf16: bool = False, min_score: float = MIN_SCORE) -> None:
        self._bf16, self._min_score = bf16, min_score
        self._networks: dict[tuple[int, int], Network] = {}  # by the input's width and height

    def __call__(self, frame: Frame) -> list[Box]:
        """Everybody in the frame, the surest first."""
        return self._boxes(frame, (QUICK, FINE))

    def quick_search(self, frame: Frame) -> list[Box]:
        """The people in a look that costs a third, and misses some of the small ones."""
        return self._boxes(frame, (QUICK,))

    def _boxes(self, frame: Frame, looks: Sequence[int]) -> list[Box]:
        width, height = frame.size_px
        found = [self._look(frame, pixels) for pixels in looks]
        extents, scores = distinct(
            np.concatenate([extents for extents, _ in found]),
            np.concatenate([scores for _, scores in found]),
        )
        extents = np.clip(extents, 0, [width, height, width, height])
        return [
            roi_from_extent(
                (float(x0), float(y0), float(x1), float(y1)), float(score), (width, height)
            )
            for (x0, y0, x1, y1), score in zip(extents, scores, strict=True)
        ]

    def _look(self, frame: Frame, pixels: int) -> tuple[Array, Array]:
        """Tight boxes (N, 4) in pixels of the frame, several a person, and scores (N,)."""
        width, height = frame.size_px
        columns, rows = input_size(width, height, pixels)
        scale = min(columns / width, rows / height)
        size = (
            min(max(round(width * scale), 1), columns),
            min(max(round(height * scale), 1), rows),
        )
        outputs = self.network(columns, rows)(_tensor(at_least(frame, *size), size, columns, rows))
        extents, scores = boxes_from_outputs(outputs, self._min_score)
        return extents / np.float32(scale), scores

    def network(self, columns: int, rows: int) -> Network:
        """The network for an input of that width and height."""
        # ONNX Runtime takes any size, OpenVINO compiles each
        key = (columns, rows) if self._bf16 else (0, 0)
        if key not in self._networks:
            names = [f"stride_{stride}" for stride in STRIDES]
            self._networks[key] = open_network(
                verified(FILE, SHA256),
                "images",
                names,
                bf16=self._bf16,
                shape=(1, 3, rows, columns),
                threads=THREADS,
            )
        return self._networks[key]


@functools.lru_cache(64)
def input_size(width: int, height: int, pixels: int) -> tuple[int, int]:
    """Width and height of the input, multiples of 32 px: the one in which a frame is largest."""
    most = pixels // 32**2
    sizes = [
        (32 * columns, 32 * rows)
        for columns in range(1, most + 1)
        for rows in range(1, most // columns + 1)
    ]
    return max(sizes, key=lambda size: (min(size[0] / width, size[1] / height), -size[0] * size[1]))


def boxes_from_outputs(
    outputs: Sequence[Array], min_score: float = MIN_SCORE
) -> tuple[Array, Array]:
    """Tight boxes (N, 4) x0 y0 x1 y1 in pixels of the input, several a person, and scores (N,).

    outputs  (1, 45, rows, columns) a stride: a logit and four times 11 bins a cell
    """
    extents, scores = [], []
    least = -np.log(1 / min_score - 1)
    for stride, output in zip(STRIDES, outputs, strict=True):
        rows, columns = np.nonzero(output[0, 0] >= least)
        cells = output[0, :, rows, columns].astype(np.float32)  # (N, 45)
        bins = np.exp(cells[:, 1:].reshape(-1, 4, BINS))
        left, up, right, down = (
            (bins @ np.arange(BINS, dtype=np.float32)) / bins.sum(axis=2) * stride
        ).T
        x, y = (columns + 0.5) * stride, (rows + 0.5) * stride
        extents.append(np.stack([x - left, y - up, x + right, y + down], axis=1))
        scores.append(1 / (1 + np.exp(-cells[:, 0])))
    return np.concatenate(extents), np.concatenate(scores)


def distinct(extents: Array, scores: Array) -> tuple[Array, Array]:
    """One box a person, the best first (greedy non-maximum suppression)."""
    alike = iou(extents, extents) > SAME_PERSON
    kept: list[int] = []
    for n in np.argsort(-scores):
        if not alike[n, kept].any():
            kept.append(int(n))
    return extents[kept], scores[kept]


def _tensor(image: Image, size: tuple[int, int], columns: int, rows: int) -> Array:
    """The network's input: the picture in that size in the upper left corner, the rest grey."""
    import cv2

    canvas = np.full((rows, columns, 3), PADDING, np.uint8)
    canvas[: size[1], : size[0]] = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    tensor = np.ascontiguousarray(canvas.transpose(2, 0, 1)[None], np.float32)
    tensor -= np.array(MEAN_BGR, np.float32).reshape(3, 1, 1)
    tensor /= np.array(STD_BGR, np.float32).reshape(3, 1, 1)
    return tensor


PLUGIN = NanoDetPlugin()
