"""Work beside the loop, each in a thread: frames read ahead of it, poses published behind it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator

from edge3dpose.runtime.clock import StageClock
from edge3dpose.runtime.sinks import Sink
from edge3dpose.types import Frame, Pose3D

AHEAD = 2  # frames that are ready while one is looked at
BEHIND = 16  # frames that wait for a sink, before the loop waits with them
_LOOK_S = 0.05  # how often a thread that waits looks whether it is still wanted


class Prefetcher:
    """The frames of a source that waits for its reader, in order; its error comes after them."""

    def __init__(self, frames: Iterable[Frame], clock: StageClock) -> None:
        self._frames, self._clock = frames, clock
        self._ready: queue.Queue[tuple[Frame | None, BaseException | None]] = queue.Queue(AHEAD)
        self._unwanted = threading.Event()
        self._reader = threading.Thread(target=self._read, name="read ahead", daemon=True)
        self._reader.start()

    def __iter__(self) -> Iterator[Frame]:
        """Every frame, then what the source raised, if it did."""
        while True:
            frame, error = self._ready.get()
            if error is not None:
                raise error
            if frame is None:
                return
            yield frame

    def close(self) -> None:
        """Read no further; returns when the source is left alone."""
        self._unwanted.set()
        self._reader.join()

    def _read(self) -> None:
        frames = iter(self._frames)
        frame: Frame | None = None
        try:
            while not self._unwanted.is_set():
                with self._clock.stage("read"):
                    frame = next(frames, None)
                self._give(frame, None)
                if frame is None:
                    return
        except BaseException as error:  # whatever it is, it is the loop's to handle
            self._give(None, error)

    def _give(self, frame: Frame | None, error: BaseException | None) -> None:
        while not self._unwanted.is_set():
            try:
                return self._ready.put((frame, error), timeout=_LOOK_S)
            except queue.Full:
                continue


class BackgroundSink:
    """A sink that works while the loop goes on; what it raises comes out of a later call."""

    skips = main_thread = False

    def __init__(self, sink: Sink, clock: StageClock | None = None) -> None:
        self._sink, self._clock = sink, clock or StageClock()
        self._waiting: queue.Queue[tuple[Frame, list[Pose3D]] | Callable[[], None]] = queue.Queue(
            1 if sink.skips else BEHIND
        )
        self._error: BaseException | None = None
        self._worker = threading.Thread(target=self._work, name="publish", daemon=True)
        self._worker.start()

    def __call__(self, frame: Frame, poses: list[Pose3D]) -> None:
        """Leave a frame to the sink; one that may skip takes the newest when it has time."""
        self._raise()
        if self._sink.skips and self._waiting.full():
            try:
                self._waiting.get_nowait()
                self._waiting.task_done()
            except queue.Empty:
                pass
        self._waiting.put((frame, poses))

    def flush(self) -> None:
        """Wait until everything is taken; raises what went wrong meanwhile."""
        self._waiting.join()
        self._raise()

    def close(self) -> None:
        """Close the sink after all it was given."""
        self._end(self._sink.close)

    def discard(self) -> None:
        """Discard the sink."""
        self._end(self._sink.discard)

    def _end(self, ending: Callable[[], None]) -> None:
        self._error = None  # it was told, or the run is over for a reason of its own
        if self._worker.is_alive():
            self._waiting.put(ending)
            self._worker.join()
        else:
            ending()
        self._raise()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        done = False
        while not done:
            item = self._waiting.get()
            done = callable(item)
            try:
                if callable(item):
                    item()
                elif self._error is None:
                    with self._clock.stage("sink"):
                        self._sink(*item)
            except BaseException as error:  # Stop and Ctrl-C too: the loop handles them
                self._error = error
            finally:
                self._waiting.task_done()
