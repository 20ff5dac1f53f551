"""A detector that keeps the largest people alone."""

from __future__ import annotations

from edge3dpose.runtime.detectors import Detector
from edge3dpose.runtime.roi import TrackedPose
from edge3dpose.types import Box, Frame

FOLLOWED = 1.15  # factor on the side of those who are followed


class Largest(Detector):
    """A detector's largest ROIs, at most so many."""

    def __init__(self, detect: Detector, most: int) -> None:
        self._detect, self._most = detect, most
        self.exact_boxes = detect.exact_boxes

    def __call__(self, frame: Frame) -> list[Box]:
        boxes = self._detect(frame)
        largest = sorted(boxes, key=_size)[-self._most :]
        return [box for box in boxes if box in largest]

    def identify(self, frame: Frame, people: list[TrackedPose]) -> list[TrackedPose]:
        """As the detector says."""
        return self._detect.identify(frame, people)

    def close(self) -> None:
        """Close the detector."""
        self._detect.close()


def _size(box: Box) -> float:
    """Who is followed is kept where somebody new is hardly larger."""
    return (box.x1 - box.x0) * (1.0 if box.track_id is None else FOLLOWED)
