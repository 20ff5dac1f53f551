"""A detector that keeps the largest people alone."""

from __future__ import annotations

from collections.abc import Sequence

from edge3dpose.runtime.detectors import Detector
from edge3dpose.runtime.roi import TrackedPose
from edge3dpose.types import Box, Frame


class Largest(Detector):
    """A detector's largest ROIs, at most so many."""

    def __init__(self, detect: Detector, most: int) -> None:
        self._detect, self._most = detect, most
        self.exact_boxes = detect.exact_boxes

    def __call__(self, frame: Frame, previous: Sequence[TrackedPose]) -> list[Box]:
        boxes = self._detect(frame, previous)
        largest = sorted(boxes, key=lambda box: box.x0 - box.x1)[: self._most]
        return [box for box in boxes if box in largest]
