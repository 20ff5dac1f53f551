"""One person whose ROI is the whole frame: for images that are crops already."""

from __future__ import annotations

from edge3dpose.runtime.detectors import Detector, DetectorPlugin
from edge3dpose.types import Box, Frame


class FullFramePlugin(DetectorPlugin):
    """Needs no network."""

    name = "full-frame"
    summary = "each frame is one person's crop"

    def open(self, *, bf16: bool = False) -> Detector:
        """A detector that searches nothing."""
        return FullFrame()


class FullFrame(Detector):
    """One person: the square of the longer side about the middle of the frame."""

    exact_boxes = True

    def __call__(self, frame: Frame) -> list[Box]:
        """The one box, track id 0."""
        width, height = frame.size_px
        side = max(height, width)
        x0, y0 = (width - side) / 2, (height - side) / 2
        return [Box(x0, y0, x0 + side, y0 + side, track_id=0)]


PLUGIN = FullFramePlugin()
