"""A video file, or a stream that has an end, as a Source."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import cv2

from edge3dpose.errors import BadInput, EndedEarly
from edge3dpose.runtime.sources import Source, as_bgr
from edge3dpose.runtime.sources._capture import fps_of, frames_of
from edge3dpose.runtime.sources._mp4_duration import playing_time_s
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
            raise BadInput(
                f"{name} is no video that OpenCV can read, or it is truncated; "
                f"look at it with: ffprobe {name}"
            )
        self.fps = fps_of(self._capture)
        self.frames = _played(frames_of(self._capture), self.fps, Path(name).expanduser())

    def __iter__(self) -> Iterator[Frame]:
        """The frames; a time stamp that does not run forward is replaced by the frame rate's.

        Raises EndedEarly after the last frame of a truncated file.
        """
        step_s = 1 / (self.fps or ASSUMED_FPS)
        image, index, time_s = self._first, 0, 0.0
        start_s = self._stamp_s()
        while image is not None:
            yield Frame(as_bgr(image), index, time_s)
            image = self._capture.read()[1]
            index += 1
            stamp_s = self._stamp_s() - start_s
            time_s = stamp_s if stamp_s > time_s + 1e-4 else time_s + step_s
        if self.frames and index < 0.95 * self.frames:
            raise EndedEarly(
                f"{self.name} ends after {index} of {self.frames} frames: "
                f"it is truncated or damaged; look at it with: ffprobe {self.name}"
            )

    def close(self) -> None:
        """Release the file; a second call does nothing."""
        self._capture.release()

    def _stamp_s(self) -> float:
        return float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000


def _played(frames: int | None, fps: float | None, path: Path) -> int | None:
    """Frames that a player shows: a clip that was trimmed in a phone holds more than these."""
    if frames is None or fps is None or not path.is_file():
        return frames
    seconds = playing_time_s(path)
    return frames if seconds is None else min(frames, math.ceil(seconds * fps))
