"""A live source that is read by a thread of its own, which keeps only the latest frame."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from time import perf_counter

from edge3dpose.errors import BadInput, EndedEarly
from edge3dpose.runtime.sources import Source
from edge3dpose.types import Frame, Image

TIMEOUT_S = 10.0  # without a frame for this long, a live source counts as ended


class Grabber:
    """An open camera or stream: gives one picture after the other."""

    fps: float | None = None
    said: tuple[str, ...] = ()  # what it really gives, a line each

    def read(self) -> Image | None:
        """The next picture, (H, W, 3) BGR; waits for it. None where there will be no more.

        A picture that cannot be decoded is left out.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Free the device; a second call does nothing."""
        raise NotImplementedError


class LatestFrameReader(Source):
    """Gives the latest frame; frames that were not taken in time are counted as dropped.

    open_grabber  opens what is read; it can be called again after the grabber was closed
    """

    live = True

    def __init__(self, name: str, open_grabber: Callable[[], Grabber]) -> None:
        self.name = name
        self._grabber = open_grabber()
        self.fps, self.said = self._grabber.fps, self._grabber.said
        self._opened_s = perf_counter()
        self._changed = threading.Condition()
        self._latest: tuple[Image, int, float] | None = None  # image, index, time_s
        self._ended = False
        self._fault: BaseException | None = None
        self._reader = threading.Thread(target=self._read, name=f"source {name}", daemon=True)
        self._reader.start()

    def __iter__(self) -> Iterator[Frame]:
        """Frames until the source ends.

        Raises BadInput where none came, EndedEarly after the last one: a live source has no end of
        its own.
        """
        taken = 0
        self.dropped = 0  # frames before the first request do not count
        while (latest := self._take()) is not None:
            taken += 1
            yield Frame(*latest)
        if self._fault is not None:
            raise self._fault
        if not taken:
            raise BadInput(f"{self.name} opened but gave no frame within {TIMEOUT_S:g} s")
        raise EndedEarly(f"{self.name} gives no more frames")

    def age_s(self, frame: Frame) -> float:
        """Seconds since the driver handed the frame over."""
        return perf_counter() - self._opened_s - frame.time_s

    def close(self) -> None:
        """Stop the reader and release the device; a second call does nothing."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._reader.join(timeout=2.0)
        if not self._reader.is_alive():  # a driver that hangs in read() keeps its device
            self._grabber.close()

    def _take(self) -> tuple[Image, int, float] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._latest or self._ended, TIMEOUT_S)
            latest, self._latest = self._latest, None
            return latest

    def _read(self) -> None:
        index = 0
        while not self._ended:
            image = None
            try:
                image = self._grabber.read()
            except Exception as error:  # raised again where the frames are taken
                self._fault = error
            with self._changed:
                if image is None:
                    self._ended = True
                else:
                    self.dropped += self._latest is not None
                    self._latest = (image, index, perf_counter() - self._opened_s)
                self._changed.notify_all()
            index += 1
