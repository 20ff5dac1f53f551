"""A camera by its number: the newest frame, nothing that is old."""

from __future__ import annotations

from pathlib import Path

import cv2

from edge3dpose.errors import BadInput
from edge3dpose.runtime.sources._capture import open_capture
from edge3dpose.runtime.sources._latest_frame import LatestFrameReader


def open_source(arg: str) -> LatestFrameReader:
    """Open a camera; BadInput where there is none of this number."""
    if not arg.isdigit():
        raise BadInput(f"--camera {arg}: wanted a number, 0 for the first camera")
    capture = open_capture(int(arg))
    if not capture.isOpened():
        capture.release()
        there = ", ".join(sorted(str(path) for path in Path("/dev").glob("video*")))
        raise BadInput(
            f"cannot open camera {arg}: it is not plugged in, in use or not permitted; "
            f"devices here: {there or 'none'}"
        )
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # a queue in the driver would hand out old frames
    return LatestFrameReader(f"camera {arg}", capture)
