"""A detector that keeps the people of a part of the frame, and those who are tall enough, alone."""

from __future__ import annotations

from edge3dpose.errors import BadInput
from edge3dpose.runtime.detectors import Detector
from edge3dpose.runtime.detectors._person_box import ROI_PER_HEIGHT
from edge3dpose.runtime.roi import TrackedPose
from edge3dpose.types import Box, Frame

FOLLOWED = 0.8  # factor on the least height of those who are followed
MARGIN = 0.1  # of the ROI's side: who is followed may be so far outside of the zone


class Zone(Detector):
    """A detector's boxes whose centre is in a zone, and whose people are tall enough in px.

    The centre is that of the tight box, of who is followed that of the ROI, the pelvis. Who is
    followed may be a little smaller or outside, or somebody on the border would come and go.

    zone           x0 y0 x1 y1 in px; None for the whole frame
    min_height_px  of the tight box; else of an upright adult in the ROI
    """

    def __init__(
        self, detect: Detector, zone: tuple[float, float, float, float] | None, min_height_px: float
    ) -> None:
        self._detect, self._zone, self._least_px = detect, zone, min_height_px
        self.exact_boxes = detect.exact_boxes

    def __call__(self, frame: Frame) -> list[Box]:
        """The boxes that are left; BadInput where no frame of a film can show the zone."""
        self._check_inside(frame)
        return [box for box in self._detect(frame) if self._keeps(box)]

    def identify(self, frame: Frame, people: list[TrackedPose]) -> list[TrackedPose]:
        """As the detector says."""
        return self._detect.identify(frame, people)

    def close(self) -> None:
        """Close the detector."""
        self._detect.close()

    def _check_inside(self, frame: Frame) -> None:
        if self._zone is None or frame.name is not None:  # unrelated pictures: each has its size
            return
        width, height = frame.size_px
        x0, y0, x1, y1 = self._zone
        if x1 <= 0 or y1 <= 0 or x0 >= width or y0 >= height:
            raise BadInput(
                f"roi {x0:g},{y0:g},{x1:g},{y1:g} lies outside of the frame, which is "
                f"{width}x{height} px"
            )

    def _keeps(self, box: Box) -> bool:
        x0, y0, x1, y1 = box.extent or (box.x0, box.y0, box.x1, box.y1)
        height_px = y1 - y0 if box.extent else (y1 - y0) / ROI_PER_HEIGHT
        if height_px < self._least_px * (1.0 if box.track_id is None else FOLLOWED):
            return False
        if self._zone is None:
            return True
        left, top, right, bottom = self._zone
        margin = 0.0 if box.track_id is None else MARGIN * (box.x1 - box.x0)
        in_width = left - margin <= (x0 + x1) / 2 <= right + margin
        return in_width and top - margin <= (y0 + y1) / 2 <= bottom + margin
