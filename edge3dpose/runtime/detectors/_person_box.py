"""The tight box of a visible person -> the ROI about the pelvis.

A box says little of a pose, so the ROI is a first guess: the first pose gives a better one.
"""

from __future__ import annotations

from edge3dpose.types import Box

ROI_PER_HEIGHT = 1.32  # 2.25 m over a standing adult with shoes and hair
PELVIS = 0.48  # of a standing adult's height, from above
NARROW, WIDE = 0.45, 0.75  # width over height of the box: most who stand, most who sit
SITTING = 1.3  # a sitting adult's ROI is so much larger, measured in heights of the box
TOUCHES = 0.01  # of the frame's side: a box so near the border may be cut by it


def roi_from_extent(
    extent: tuple[float, float, float, float], score: float, frame_size: tuple[int, int]
) -> Box:
    """The ROI of a person.

    extent      tight box x0 y0 x1 y1 in px around what is visible of the person
    frame_size  width, height in px
    """
    x0, y0, x1, y1 = extent
    width, height = max(x1 - x0, 1.0), max(y1 - y0, 1.0)
    frame_width, frame_height = frame_size
    cut_below = y1 > frame_height * (1 - TOUCHES)
    cut_left = x0 < frame_width * TOUCHES
    cut_right = x1 > frame_width * (1 - TOUCHES)
    wide = min(max((width / height - NARROW) / (WIDE - NARROW), 0.0), 1.0)
    if cut_below and not (cut_left and cut_right):
        # the width tells more: shoulders and arms of an adult are about 0.4 of the height
        whole = min(max(height, 2.4 * width), 2.4 * height)
        side, y = ROI_PER_HEIGHT * whole, y0 + PELVIS * whole
    else:
        side = ROI_PER_HEIGHT * max(height * (1 + (SITTING - 1) * wide), width)
        y = y0 + height * (PELVIS + 0.07 * wide)
    x = (x0 + x1) / 2
    least = 0.2 * side  # half of an adult's width
    if cut_left and not cut_right and width < 2 * least:
        x = x1 - least
    elif cut_right and not cut_left and width < 2 * least:
        x = x0 + least
    half = side / 2
    return Box(x - half, y - half, x + half, y + half, score, extent=extent)
