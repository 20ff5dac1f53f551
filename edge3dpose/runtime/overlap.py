"""Work beside the main loop, each in its own thread: reading frames ahead, feeding sinks."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from edge3dpose import stopping
from edge3dpose.runtime.clock import StageClock
from edge3dpose.runtime.sinks import Sink, Stop
from edge3dpose.runtime.sources import Source, SourceEvent
from edge3dpose.types import Frame, Pose3D

FRAMES_AHEAD = 2  # frames that are read before they are asked for
SINK_QUEUE = 16  # frames that wait for a sink before the main loop waits too
_Item: TypeAlias = "tuple[Frame, list[Pose3D]] | SourceEvent | Callable[[], None]"
_LAST_WAIT_S = 5.0  # after a signal, for a sink that is slow
_POLL_S = 0.05  # how often a waiting thread checks whether it should end


class Prefetcher:
    """Reads a source ahead, in order; what the source raises comes after its frames."""

    polls_stops = True

    def __init__(self, frames: Iterable[Frame], clock: StageClock) -> None:
        self._frames, self._clock = frames, clock
        self._queue: queue.Queue[tuple[Frame | None, BaseException | None]] = queue.Queue(
            FRAMES_AHEAD
        )
        self._closed = threading.Event()
        self._reader = threading.Thread(target=self._read, name="prefetch", daemon=True)
        self._reader.start()

    def __iter__(self) -> Iterator[Frame]:
        """Every frame, then raises what the source raised, if anything."""
        while True:
            try:
                frame, error = self._queue.get(timeout=_POLL_S)
            except queue.Empty:
                stopping.raise_if_asked()
                continue
            if error is not None:
                raise error
            if frame is None:
                return
            yield frame

    def close(self) -> None:
        """Stop reading; returns when the thread no longer uses the source."""
        self._closed.set()
        if isinstance(self._frames, Source):
            self._frames.cancel()  # a read that waits
        self._reader.join()

    def _read(self) -> None:
        frames = iter(self._frames)
        frame: Frame | None = None
        try:
            while not self._closed.is_set():
                with self._clock.stage("read"):
                    frame = next(frames, None)
                self._put(frame, None)
                if frame is None:
                    return
        except BaseException as error:  # of any kind: the main loop handles it
            self._put(None, error)

    def _put(self, frame: Frame | None, error: BaseException | None) -> None:
        while not self._closed.is_set():
            try:
                return self._queue.put((frame, error), timeout=_POLL_S)
            except queue.Full:
                continue


class BackgroundSink(Sink):
    """Runs a sink in a thread of its own; what the sink raises is raised by a later call."""

    def __init__(self, sink: Sink, clock: StageClock | None = None) -> None:
        self._sink, self._clock = sink, clock or StageClock()
        self._queue: queue.Queue[_Item] = queue.Queue(1 if sink.skips else SINK_QUEUE)
        self._error: BaseException | None = None
        self._told = False  # the error was raised, or will not be
        self._worker = threading.Thread(target=self._work, name="sink", daemon=True)
        self._worker.start()

    def __call__(self, frame: Frame, poses: list[Pose3D]) -> None:
        """Queue a frame; for a sink that skips, it replaces the frame that waits."""
        self._raise()
        if self._sink.skips and self._queue.full():
            try:
                self._queue.get_nowait()
                self._queue.task_done()
            except queue.Empty:
                pass
        self._put((frame, poses))

    def event(self, event: SourceEvent) -> None:
        """Queue an event, but for a sink that skips."""
        self._raise()
        if not self._sink.skips:
            self._put(event)

    def flush(self) -> None:
        """Wait until the queue is empty; raises what went wrong meanwhile."""
        self._queue.join()
        self._raise()

    def close(self) -> None:
        """Close the sink after everything in the queue."""
        self._end(self._sink.close)

    def discard(self) -> None:
        """Discard the sink."""
        self._told = True  # the run ends for another reason
        self._end(self._sink.discard)

    def _end(self, end: Callable[[], None]) -> None:
        if self._worker.is_alive():
            self._queue.put(end)
            self._worker.join()
        else:
            end()
        if not self._told and not isinstance(self._error, Stop):  # at its end, a run stops anyway
            self._raise()

    def _put(self, item: _Item) -> None:
        while True:
            try:
                return self._queue.put(item, timeout=_POLL_S)
            except queue.Full:
                stopping.raise_if_asked(_LAST_WAIT_S)  # else one sink has a frame, the next not

    def _raise(self) -> None:
        if self._error is not None:
            self._told = True
            raise self._error

    def _work(self) -> None:
        ended = False
        while not ended:
            item = self._queue.get()
            ended = callable(item)
            try:
                if callable(item):
                    item()
                elif self._error is None:
                    with self._clock.stage("sink"):
                        self._take(item)
            except BaseException as error:  # Stop and Ctrl-C too: the main loop handles them
                self._error, self._told = error, False
            finally:
                self._queue.task_done()

    def _take(self, item: tuple[Frame, list[Pose3D]] | SourceEvent) -> None:
        if isinstance(item, SourceEvent):
            self._sink.event(item)
        else:
            self._sink(*item)
