"""A camera or live pipeline that OpenCV reads, as a Grabber."""

from __future__ import annotations

from time import sleep

import cv2
import numpy as np

from edge3dpose.runtime.sources import as_bgr
from edge3dpose.runtime.sources._capture import fps_of
from edge3dpose.runtime.sources._grabber import Grabber, Picture

_FAILED_READS = 20  # in a row, after which a camera counts as gone
_PAUSE_S = 0.05


class CaptureGrabber(Grabber):
    """An open capture. A read that fails is tried again: a driver may lose a frame."""

    fault = "it gives no picture"

    def __init__(self, capture: cv2.VideoCapture, said: tuple[str, ...] = ()) -> None:
        self.fps, self.said = fps_of(capture), said
        self._capture = capture

    def read(self) -> Picture | None:
        """The next frame; None after a second without one."""
        for _ in range(_FAILED_READS):
            good, image = self._capture.read()
            if good and image is not None:
                return Picture(as_bgr(np.asarray(image)))
            if not self._capture.isOpened():
                break
            sleep(_PAUSE_S)
        return None

    def close(self) -> None:
        """Release the capture."""
        self._capture.release()
