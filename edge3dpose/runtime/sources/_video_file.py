"""A pipeline of GStreamer that reads a file, as a Source."""

from __future__ import annotations

from collections.abc import Iterator

import cv2

from edge3dpose.errors import BadInput
from edge3dpose.runtime.sources import Source, as_bgr
from edge3dpose.runtime.sources._capture import fps_of, frames_of
from edge3dpose.types import Frame

ASSUMED_FPS = 30.0  # where the container does not say


class VideoFile(Source):
    """Every frame, with the container's own time stamps.

    name     what the user typed
    capture  may have failed to open
    """

    def __init__(self, name: str, capture: cv2.VideoCapture) -> None:
        self.name = name
        self._capture = capture
        # the first frame now: a file that opens and holds none is an error before anything starts
        opened = self._capture.isOpened()
        self._first = self._capture.read()[1] if opened else None
        if self._first is None:
            self.close()
            raise BadInput(f"{name} gives no frame")
        self.fps = fps_of(self._capture)
        self.frames = frames_of(self._capture)

    def __iter__(self) -> Iterator[Frame]:
        """The frames; a time stamp that does not run forward is replaced by the frame rate's."""
        step_s = 1 / (self.fps or ASSUMED_FPS)
        image, index, time_s = self._first, 0, 0.0
        start_s = self._stamp_s()
        while image is not None:
            yield Frame(as_bgr(image), index, time_s)
            image = self._capture.read()[1]
            index += 1
            stamp_s = self._stamp_s() - start_s
            time_s = stamp_s if stamp_s > time_s + 1e-4 else time_s + step_s

    def close(self) -> None:
        """Release the file; a second call does nothing."""
        self._capture.release()

    def _stamp_s(self) -> float:
        return float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000
