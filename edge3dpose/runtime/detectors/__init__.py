"""Detectors: where the people are. A frame and the people of the last one in, boxes out."""

from __future__ import annotations

from collections.abc import Sequence

from edge3dpose.runtime.roi import TrackedPose
from edge3dpose.types import Box, Frame


class Detector:
    """Finds the people of a frame. Not thread-safe.

    A box is the ROI of a training crop: its centre is the pelvis, its side spans 2.25 m at the
    person's depth.
    """

    exact_boxes: bool = False  # True: the estimator need not correct the box of a new person

    def __call__(self, frame: Frame, previous: Sequence[TrackedPose]) -> list[Box]:
        """The boxes of everybody in a frame.

        previous  the people of the last frame; empty at the first one and for unrelated images
        """
        raise NotImplementedError

    def search_next_window(self, frame: Frame) -> tuple[list[Box], bool]:
        """Search the next window of a frame: the boxes in it, and whether it was the last window.

        A detector that searches the whole frame at once has one window.
        """
        return self(frame, []), True
