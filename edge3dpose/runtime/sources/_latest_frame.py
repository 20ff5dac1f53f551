"""A live capture that is read by a thread of its own, which keeps only the latest frame."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from time import perf_counter
from typing import Any

import cv2

from edge3dpose.errors import BadInput
from edge3dpose.runtime.sources import Source, as_bgr
from edge3dpose.runtime.sources._capture import fps_of
from edge3dpose.types import Frame

TIMEOUT_S = 10.0  # without a frame for this long, a live source counts as ended

_log = logging.getLogger(__name__)


class LatestFrameReader(Source):
    """Gives the latest frame; frames that were not taken in time are counted as dropped."""

    live = True

    def __init__(self, name: str, capture: cv2.VideoCapture) -> None:
        self.name = name
        self.fps = fps_of(capture)
        self._capture = capture
        self._opened_s = perf_counter()
        self._changed = threading.Condition()
        self._latest: tuple[Any, int, float] | None = None  # image, index, time_s
        self._ended = False
        self._reader = threading.Thread(target=self._read, name=f"source {name}", daemon=True)
        self._reader.start()

    def __iter__(self) -> Iterator[Frame]:
        """Frames until the source ends; BadInput where none came."""
        taken = 0
        self.dropped = 0  # frames before the first request do not count
        while (latest := self._take()) is not None:
            taken += 1
            image, index, time_s = latest
            yield Frame(as_bgr(image), index, time_s)
        if not taken:
            raise BadInput(f"{self.name} opened but gave no frame within {TIMEOUT_S:g} s")
        _log.warning("%s gives no more frames", self.name)

    def age_s(self, frame: Frame) -> float:
        """Seconds since the driver handed the frame over."""
        return perf_counter() - self._opened_s - frame.time_s

    def close(self) -> None:
        """Stop the reader and release the device; a second call does nothing."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._reader.join(timeout=2.0)
        if not self._reader.is_alive():  # a driver that hangs in read() keeps its capture
            self._capture.release()

    def _take(self) -> tuple[Any, int, float] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._latest or self._ended, TIMEOUT_S)
            latest, self._latest = self._latest, None
            return latest

    def _read(self) -> None:
        index = 0
        while not self._ended:
            good, image = self._capture.read()
            with self._changed:
                if not good:
                    self._ended = True
                else:
                    self.dropped += self._latest is not None
                    self._latest = (image, index, perf_counter() - self._opened_s)
                self._changed.notify_all()
            index += 1
