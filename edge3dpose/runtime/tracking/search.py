"""A search of whole frames in a thread beside the loop."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from edge3dpose.runtime.detectors import Detector
from edge3dpose.types import Box, Frame

FRAMES_LATE = 2  # of frames that are not live: after so many a search is waited for
THOROUGH_EVERY = 4  # every so many searches of a loop one is thorough, the others are quick


class Searcher:
    """Searches frames with a detector, one after the other, in a thread of its own.

    Several loops may share it. Their frames are never searched at the same time: a detector's
    network serves one call.
    """

    def __init__(self, finder: Detector) -> None:
        self._finder = finder
        self._pool: ThreadPoolExecutor | None = None

    def submit(self, frame: Frame, *, quick: bool = False) -> Future[list[Box]]:
        """Search a frame, whose image may change afterwards; the boxes come later.

        quick  in a fraction of the time, as far as the detector can
        """
        if frame.picture is None:
            frame = replace(frame, image=frame.image.copy())
        return self._submit(frame, quick)

    def now(self, frame: Frame, *, quick: bool = False) -> list[Box]:
        """Search a frame and wait for it; raises what the detector raises."""
        return self._submit(frame, quick).result()

    def close(self) -> None:
        """End the thread; waits for the search that runs."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def _submit(self, frame: Frame, quick: bool) -> Future[list[Box]]:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="search")
        if quick:
            return self._pool.submit(self._finder.quick_search, frame)
        return self._pool.submit(self._finder, frame)


class Background:
    """The searches of one loop, one at a time.

    live  True: a result is used as soon as it is there. False: FRAMES_LATE frames after its own,
          waited for if need be, so that a file gives the same poses each time
    """

    def __init__(self, searcher: Searcher, *, live: bool) -> None:
        self._searcher, self._live = searcher, live
        self._running: tuple[Frame, Future[list[Box]]] | None = None
        self._frames = 0  # since it was submitted
        self._searches = 0

    @property
    def free(self) -> bool:
        """Whether no search is under way."""
        return self._running is None

    def submit(self, frame: Frame, *, thorough: bool = False) -> None:
        """Search a frame; only where ``free``.

        thorough  also where a quick search is due; whose turn is next does not change
        """
        if not thorough:
            self._searches += 1
        quick = not thorough and self._searches % THOROUGH_EVERY != 0
        self._running = frame, self._searcher.submit(frame, quick=quick)
        self._frames = 0

    def result(self) -> list[Box] | None:
        """Called once a frame: the boxes of the search that has come in; else None.

        Raises what the detector raised.
        """
        if self._running is None:
            return None
        self._frames += 1
        future = self._running[1]
        if not (future.done() if self._live else self._frames >= FRAMES_LATE):
            return None
        self._running = None
        return future.result()

    def close(self) -> None:
        """Drop the search under way; one that runs is waited for, for its detector is shared."""
        if self._running is not None and not self._running[1].cancel():
            self._running[1].exception()
        self._running = None
