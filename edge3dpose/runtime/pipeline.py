"""The loop: source -> poses -> filters -> sinks, for PoseEstimator and for the benchmark alike."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

from edge3dpose import stopping
from edge3dpose.camera import FixedLens, Lens
from edge3dpose.counting import counted
from edge3dpose.engine_types import Engine
from edge3dpose.errors import BadInput, EndedEarly, SourceLost
from edge3dpose.runtime.clock import StageClock
from edge3dpose.runtime.filters import Filter
from edge3dpose.runtime.governor import GovernedEngine
from edge3dpose.runtime.overlap import BackgroundSink, Prefetcher
from edge3dpose.runtime.sinks import Sink, Stop
from edge3dpose.runtime.sources import Source, SourceEvent
from edge3dpose.types import Frame, Pose3D

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run came to."""

    offered: int  # frames that the source had
    processed: int
    dropped: int  # by a live source, because they had grown old
    with_people: int  # processed frames with somebody in them
    elapsed_s: float  # from asking for the first frame to the last sink
    stopped: bool  # by a key, a closed window or Ctrl-C, not by the end of the source
    oldest_s: float  # greatest age of a result; 0 where the source is not live
    fault: str | None = None  # why a file ended before its time
    source: str = ""  # its name
    live: bool = False
    written: tuple[Path, ...] = ()  # files of the sinks
    said: tuple[str, ...] = ()  # what filters and sinks found, a line each
    hint: str = ""  # why nobody may have been found
    lost: bool = False  # the source is live, and did not come back in time
    unwritten: tuple[str, ...] = ()  # why files that were asked for are not there, a line each

    @property
    def fps(self) -> float:
        """Frames processed a second."""
        return self.processed / self.elapsed_s if self.elapsed_s > 0 else 0.0

    @property
    def text(self) -> str:
        """One line: frames, frame rate, dropped frames and, of a live source, the greatest age."""
        line = f"{counted(self.processed, 'frame')}, {self.fps:.1f} FPS, {self.dropped} dropped"
        return f"{line}, oldest result {self.oldest_s * 1000:.0f} ms" if self.live else line

    @property
    def failure(self) -> str:
        """Why the run did not do its job: the source broke, a file could not be written, nobody
        was found; else empty."""
        if why := "; ".join([*([self.fault] if self.fault else []), *self.unwritten]):
            return why
        if self.with_people or self.stopped:
            return ""
        where = f"any of {self.processed} frames" if self.processed != 1 else "the frame"
        hint = f"; {self.hint}" if self.hint else ""
        return f"nobody was found in {where} of {self.source}{hint}"


@dataclass(slots=True)
class Pipeline:
    """A source and the stages that its frames go through.

    estimate  a frame -> the people in it
    filters   applied to the people in this order
    lens      frame size -> camera, for frames that come without one
    check     called before a frame is processed; raises where that cannot be any more
    facts     what is reported of a frame besides the people, asked once they are known
    end       called once at the end, to end what runs beside the loop
    hint      why nobody may be found, for the summary
    clock     gets stages source (waiting for a frame), filter, publish (handing it to the sinks),
              and frame (all of a frame but waiting for it); the estimator adds detect, preprocess,
              engine, lift and track. Beside the loop, in threads of their own: read (the next
              frames of a source that is not live) and sink
    """

    source: Source
    estimate: Callable[[Frame], list[Pose3D]]
    filters: Sequence[Filter] = ()
    lens: Lens | None = None
    check: Callable[[], object] | None = None
    facts: Callable[[Frame], Mapping[str, Any]] | None = None
    end: Callable[[], object] | None = None
    clock: StageClock = field(default_factory=StageClock)
    hint: str = ""
    _size: tuple[int, int] | None = field(default=None, init=False)  # of the first frame

    def frames(self) -> Generator[tuple[Frame, list[Pose3D]], None, None]:
        """Every frame with its people; the source is closed at the end, however it comes.

        Raises what the source raises, EndedEarly after the last frame of a truncated file.
        """
        ahead = self._prefetcher()
        try:
            for frame in _timed(ahead or self.source, self.clock):
                with self.clock.stage("frame"):
                    seen = self.process(frame)
                yield seen
        finally:
            self._close(ahead)

    def run(
        self,
        sinks: Sequence[Sink] = (),
        *,
        max_frames: int | None = None,
        on_frame: Callable[[Frame, list[Pose3D]], None] | None = None,
    ) -> Summary:
        """Take frames until the source ends, max_frames are done or somebody stops it.

        on_frame  called after every frame, with the frame and its people

        Sinks are closed, so what they took is kept: at the end, at Ctrl-C, and for a live source
        after an error too, for nobody can record it again. After an error with a file they are
        discarded.
        """
        done = people = 0
        oldest_s = 0.0
        stopped = whole = lost = False
        fault = None
        start = perf_counter()
        self.source.whole = any(sink.main_thread for sink in sinks)  # a window draws in the loop
        ahead = self._prefetcher()
        outlets = [sink if sink.main_thread else BackgroundSink(sink, self.clock) for sink in sinks]
        self._tell(outlets)
        try:
            for frame in islice(_timed(ahead or self.source, self.clock), max_frames):
                with self.clock.stage("frame"):
                    seen, poses = self.process(frame)
                    oldest_s = max(oldest_s, self.source.age_s(frame))
                    self._publish(seen, poses, outlets)
                done += 1
                people += bool(poses)
                if on_frame:
                    on_frame(seen, poses)
            for outlet in outlets:
                outlet.flush()
            whole = True
        except (KeyboardInterrupt, Stop):
            whole = stopped = True
        except EndedEarly as error:
            whole, fault, lost = True, str(error), isinstance(error, SourceLost)
        finally:
            elapsed_s = perf_counter() - start
            self._close(ahead)
            _end(outlets, keep=whole or self.source.live)
        dropped = self.source.dropped
        _log.info("%d frames in %.1f s", done, elapsed_s)
        return Summary(
            *(done + dropped, done, dropped, people, elapsed_s, stopped, oldest_s, fault),
            source=self.source.name,
            live=self.source.live,
            written=tuple(
                sink.path
                for sink in sinks
                if sink.path and not sink.discarded and sink.path.exists()
            ),
            said=(
                *(line for change in self.filters for line in getattr(change, "said", ())),
                *(line for sink in sinks for line in sink.said),
            ),
            hint=self.hint,
            lost=lost,
            unwritten=tuple(line for sink in sinks for line in sink.unwritten),
        )

    def process(self, frame: Frame) -> tuple[Frame, list[Pose3D]]:
        """One frame through all stages: the frame with its camera, and the people in it."""
        if self.check:
            self.check()
        if self.lens is not None and frame.camera is None:
            self._check_size(frame)
            frame = _with_camera(frame, self.lens)
        poses = self.estimate(frame)
        with self.clock.stage("filter"):
            for change in self.filters:
                poses = change(frame, poses)
        return frame, poses

    def _check_size(self, frame: Frame) -> None:
        """BadInput where a stream changes its size and the camera's numbers are of the old one."""
        width, height = frame.size_px
        first = self._size = self._size or (width, height)
        if self.source.live and isinstance(self.lens, FixedLens) and first != (width, height):
            raise BadInput(
                f"the frames of {self.source.name} were {first[0]}x{first[1]} and are "
                f"{width}x{height} now: the camera that was given is of the first size"
            )

    def _publish(self, frame: Frame, poses: list[Pose3D], outlets: Sequence[Sink]) -> None:
        if self.facts:
            frame = frame.but(facts=self.facts(frame))
        with self.clock.stage("publish"):
            for outlet in outlets:
                outlet(frame, poses)

    def _tell(self, outlets: Sequence[Sink]) -> None:
        """Hand the source's events to the sinks too."""
        first = self.source.on_event

        def tell(event: SourceEvent) -> None:
            for outlet in outlets:
                outlet.event(event)
            if first is not None:
                first(event)

        self.source.on_event = tell
        idle = [outlet.idle for outlet in outlets if outlet.main_thread]
        if idle:
            self.source.on_wait = lambda: [answer() for answer in idle]

    def _prefetcher(self) -> Prefetcher | None:
        wanted = self.source.prefetch and not self.source.live
        return Prefetcher(self.source, self.clock) if wanted else None

    def _close(self, ahead: Prefetcher | None) -> None:
        if ahead:
            ahead.close()
        try:
            self.source.close()
        finally:
            if self.end:
                self.end()


def _timed(source: Source | Prefetcher, clock: StageClock) -> Iterator[Frame]:
    """The frames of a source, the time that the loop waits for them on the clock."""
    frames = iter(source)
    while True:
        stopping.raise_if_asked()
        with clock.stage("source"):
            if source.polls_stops:  # nothing is raised in the middle of its locks
                frame = next(frames, None)
            else:
                with stopping.interruptible():
                    frame = next(frames, None)
        if frame is None:
            return
        yield frame


def _with_camera(frame: Frame, lens: Lens) -> Frame:
    return frame.but(camera=lens(*frame.size_px))


def _end(sinks: Sequence[Sink], *, keep: bool) -> None:
    """Close or discard every sink, also where one of them cannot be finished."""
    with ExitStack() as stack:
        for sink in reversed(sinks):
            stack.callback(sink.close if keep else sink.discard)


def facts_of(source: Source, engine: Engine | None, frame: Frame) -> dict[str, Any]:
    """What a run says of a frame besides its people."""
    age_s = round(source.age_s(frame), 4)
    live = {"age_s": age_s, "dropped": source.dropped, "time_utc": source.time_utc(frame)}
    cut = {"cut": engine.last_cut} if isinstance(engine, GovernedEngine) else {}
    return (live if source.live else {}) | cut
