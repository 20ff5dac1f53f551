"""A part of the frame, and a least height: who is new and who is followed."""

import numpy as np
import pytest

from edge3dpose.errors import BadInput
from edge3dpose.runtime.detectors import Detector
from edge3dpose.runtime.detectors._zone import Zone
from edge3dpose.types import Box, Frame

FRAME = Frame(np.zeros((480, 640, 3), np.uint8), 0, 0.0)
NEW = Box(0, 0, 132, 132, extent=(40, 20, 80, 120))  # 100 px tall, its middle at (60, 70)
FOLLOWED = Box(0, 0, 132, 132, track_id=3)  # an ROI in which an adult is 100 px tall


class Boxes(Detector):
    def __init__(self, *boxes):
        self.boxes = list(boxes)

    def __call__(self, frame):
        return self.boxes


@pytest.mark.parametrize(
    ("zone", "least_px", "kept"),
    [
        (None, 0, [NEW, FOLLOWED]),
        ((50, 60, 70, 80), 0, [NEW, FOLLOWED]),
        ((50, 68, 70, 80), 0, [NEW, FOLLOWED]),  # who is followed may be a little outside
        ((50, 68, 70, 69), 0, [FOLLOWED]),
        ((80, 68, 90, 80), 0, []),
        ((200, 60, 300, 80), 0, []),
        (None, 100, [NEW, FOLLOWED]),
        (None, 110, [FOLLOWED]),  # who is followed may become a little smaller
        (None, 130, []),
    ],
)
def test_people_of_the_zone_who_are_tall_enough(zone, least_px, kept):
    assert Zone(Boxes(NEW, FOLLOWED), zone, least_px)(FRAME) == kept


@pytest.mark.parametrize("zone", [(640, 0, 900, 480), (0, -9, 640, 0), (-5, 0, -1, 480)])
def test_a_part_that_no_frame_shows_is_refused(zone):
    with pytest.raises(BadInput, match="lies outside of the frame, which is 640x480 px"):
        Zone(Boxes(NEW), zone, 0)(FRAME)
    picture = Frame(FRAME.image, 0, 0.0, name="small.png")  # another of the folder may be larger
    assert Zone(Boxes(NEW), zone, 0)(picture) == []
