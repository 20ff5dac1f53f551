"""The supervisor of every live source: its newest frame, and the source again when it was lost.

A thread opens and reads; it keeps only the newest frame. Who takes the frames looks after that
thread: one whose driver hangs is left alone and another begins.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timezone
from time import monotonic, perf_counter
from typing import NamedTuple

from edge3dpose import stopping
from edge3dpose.errors import BadInput, SourceLost
from edge3dpose.runtime.sources import Source, SourceEvent, iso_utc
from edge3dpose.runtime.sources._grabber import Grabber, Picture
from edge3dpose.runtime.sources._picture_watch import BLACK, PictureWatch
from edge3dpose.runtime.sources._retry import BackOff, Retry, reason_of
from edge3dpose.types import Frame, Image

STALL_S = 10.0  # without a frame for so long, a source is lost
OPENING_S = 30.0  # an attempt to open it that takes longer hangs
MOST_HANGING = 3  # threads in drivers that hang, before no further one is begun
_POLL_S = 0.1

_log = logging.getLogger(__name__)


class _Latest(NamedTuple):
    image: Image
    number: int
    time_s: float
    delay_s: float


class _Reader:
    """A thread that opens and reads. ``ended`` is set once it is not wanted any more."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.patience_s, self.since_s = STALL_S, monotonic()
        self.thread: threading.Thread

    def begins(self, patience_s: float) -> None:
        """It asks a driver for something, which should take no longer than this."""
        self.patience_s, self.since_s = patience_s, monotonic()

    @property
    def hangs(self) -> bool:
        """Whether its driver takes too long."""
        return monotonic() - self.since_s > self.patience_s


class LiveSource(Source):
    """Gives the newest frame; frames that were not taken in time are counted as dropped.

    name          what the user is told, without passwords
    first         what is read, opened already
    open_grabber  opens it again; raises BadInput where that cannot be
    """

    live = True
    polls_stops = True

    def __init__(
        self,
        name: str,
        first: Grabber,
        open_grabber: Callable[[], Grabber],
        retry: Retry | None = None,
    ) -> None:
        self.name, self.fps, self.said, self.age_from = name, first.fps, first.said, first.age_from
        self._open_grabber, self._retry = open_grabber, retry or Retry()
        self._opened_s = perf_counter()
        self._changed = threading.Condition()  # guards all that follows
        self._latest: _Latest | None = None
        self._frames = 0  # read so far
        self._heard_s = monotonic()  # when the last frame came
        self._lost_s: float | None = None
        self._reason = ""  # why it was lost, or could not be opened
        self._given_up = self._closed = False
        self._events: deque[SourceEvent] = deque()
        self._watch = PictureWatch()
        self._delays_s: dict[int, float] = {}  # of the frame that was taken last
        self._hanging: list[_Reader] = []
        with self._changed:  # its thread may lose the source before it is known here
            self._reader = self._begun(first)

    def __iter__(self) -> Iterator[Frame]:
        """Frames until it is given up.

        Raises BadInput where no frame came, SourceLost where none comes any more: a live source has
        no end of its own. ``on_event`` is called meanwhile, in the thread that takes the frames.
        """
        self.dropped = 0  # frames before the first request do not count
        while (latest := self._take()) is not None:
            self._delays_s = {latest.number: latest.delay_s}
            yield Frame(latest.image, latest.number, latest.time_s)
        if not self._closed:
            raise self._loss()

    def age_s(self, frame: Frame) -> float:
        """Seconds since the frame was captured, or decoded where the stream does not tell."""
        delay_s = self._delays_s.get(frame.index, 0.0)
        return perf_counter() - self._opened_s - frame.time_s + delay_s

    def close(self) -> None:
        """Stop reading and release the device; a second call does nothing."""
        with self._changed:
            self._closed = True
            self._reader.ended.set()
            self._changed.notify_all()
        self._reader.thread.join(timeout=2.0)  # one that hangs in its driver keeps its device

    # -- the thread that takes the frames

    def _take(self) -> _Latest | None:
        while True:
            with self._changed:
                self._changed.wait_for(self._something, _POLL_S)
                events, self._events = self._events, deque()
                latest, self._latest = self._latest, None
                over = self._closed or self._given_up
            for event in events:
                if self.on_event is not None:
                    self.on_event(event)
            if latest is not None:
                return latest
            stopping.raise_if_asked()
            if over:
                return None
            if self.on_wait is not None:
                self.on_wait()
            self._look_after()

    def _something(self) -> bool:
        return bool(self._latest or self._events or self._closed or self._given_up)

    def _look_after(self) -> None:
        """Another thread reads where the driver of this one hangs."""
        with self._changed:
            if self._lost_s is not None and monotonic() - self._lost_s > self._limit_s:
                self._give_up()
            if not self._reader.hangs or self._given_up:
                return
            self._lose(f"no frame for {self._reader.patience_s:g} s")
            self._hanging = [one for one in self._hanging if one.thread.is_alive()]
            if not self._given_up and len(self._hanging) < MOST_HANGING:
                self._reader.ended.set()
                self._hanging.append(self._reader)
                self._reader = self._begun(None)

    def _loss(self) -> BadInput:
        waited = f"; it did not come back within {self._limit_s:g} s" if self._limit_s else ""
        if self._frames:
            return SourceLost(f"{self.name} gives no more frames ({self._reason}){waited}")
        kind = SourceLost if self._retry.wait_s else BadInput
        return kind(f"{self.name} opened but gave no frame ({self._reason}){waited}")

    # -- the thread that reads

    def _begun(self, grabber: Grabber | None) -> _Reader:
        reader = _Reader()
        name = f"source {self.name}"
        reader.thread = threading.Thread(
            target=self._read, args=(reader, grabber), name=name, daemon=True
        )
        reader.thread.start()
        return reader

    def _read(self, reader: _Reader, grabber: Grabber | None) -> None:
        back_off = BackOff(self._retry.is_there)
        while not reader.ended.is_set():
            grabber = grabber or self._opened_again(reader, back_off)
            if grabber is None:
                return
            reader.begins(STALL_S)
            if self._published(reader, *_asked(grabber)):
                back_off.reset()
            else:
                _close(grabber)
                grabber = None
        if grabber is not None:
            _close(grabber)

    def _opened_again(self, reader: _Reader, back_off: BackOff) -> Grabber | None:
        """The source, open; None where it is given up."""
        while not reader.ended.is_set():
            lost_s = self._lost_s if self._lost_s is not None else monotonic()
            until_s = lost_s + self._limit_s
            if monotonic() >= until_s:
                with self._changed:
                    self._give_up()
                return None
            reader.begins(OPENING_S)
            back_off.pause(reader.ended, until_s)
            if reader.ended.is_set():
                return None
            reader.begins(OPENING_S)
            try:
                return self._open_grabber()
            except Exception as error:  # of a driver, of any kind
                self._reason = reason_of(error)
        return None

    def _published(self, reader: _Reader, picture: Picture | None, reason: str) -> bool:
        """Whether there is a picture; it is the newest now, unless the reader was replaced."""
        with self._changed:
            if reader.ended.is_set():
                return picture is not None
            if picture is None:
                self._lose(reason)
            else:
                self._keep(picture)
            self._changed.notify_all()
        return picture is not None

    # -- under the lock

    @property
    def _limit_s(self) -> float:
        """How long it is waited for, from its loss."""
        return self._retry.reconnect_s if self._frames else self._retry.wait_s

    def _keep(self, picture: Picture) -> None:
        now_s = monotonic()
        if self._lost_s is not None:
            gap_s, self._lost_s = now_s - self._heard_s, None
            _log.warning("%s is back after %.1f s", self.name, gap_s)
            self._note("source_back", gap_s=round(gap_s, 3))
            self._watch = PictureWatch()
        self._heard_s = now_s
        for kind in self._watch(picture.image, now_s):
            what = "pictures are black" if kind == BLACK else "pictures are all the same, frozen"
            _log.warning("%s: its %s", self.name, what)
            self._note(kind)
        self.dropped += self._latest is not None
        time_s = perf_counter() - self._opened_s
        self._latest = _Latest(picture.image, self._frames, time_s, picture.delay_s)
        self._frames += 1

    def _lose(self, reason: str) -> None:
        if self._lost_s is not None:
            return
        self._lost_s, self._reason = monotonic(), reason
        self._note("source_lost", reason=reason)
        if self._limit_s <= 0:
            self._give_up()
            return
        long = "" if self._limit_s == float("inf") else f" for {self._limit_s:g} s"
        _log.warning("%s is lost (%s); trying again%s", self.name, reason, long)

    def _give_up(self) -> None:
        self._given_up = True
        self._reader.ended.set()
        self._changed.notify_all()

    def _note(self, kind: str, **facts: float | str) -> None:
        time_s = round(perf_counter() - self._opened_s, 4)
        self._events.append(SourceEvent(kind, time_s, iso_utc(datetime.now(timezone.utc)), facts))


def _asked(grabber: Grabber) -> tuple[Picture | None, str]:
    """The next picture, or why there is none."""
    try:
        return grabber.read(), grabber.fault
    except Exception as error:  # of a driver, of any kind
        return None, reason_of(error)


def _close(grabber: Grabber) -> None:
    with suppress(Exception):  # of a device that is gone
        grabber.close()
