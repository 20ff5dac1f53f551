"""The one loop: source -> poses -> filters -> sinks, for `run` and for the benchmark alike."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import islice
from time import perf_counter
from typing import Any

from edge3dpose.camera import Lens
from edge3dpose.errors import EndedEarly
from edge3dpose.runtime.clock import StageClock
from edge3dpose.runtime.filters import Filter
from edge3dpose.runtime.overlap import BackgroundSink, Prefetcher
from edge3dpose.runtime.sinks import Sink, Stop
from edge3dpose.runtime.sources import Source
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

    @property
    def fps(self) -> float:
        """Frames processed a second."""
        return self.processed / self.elapsed_s if self.elapsed_s > 0 else 0.0


def run(
    source: Source,
    estimate: Callable[[Frame], list[Pose3D]],
    *,
    clock: StageClock,
    filters: Sequence[Filter] = (),
    sinks: Sequence[Sink] = (),
    lens: Lens | None = None,
    max_frames: int | None = None,
    each: Callable[[int], None] | None = None,
    facts: Callable[[Frame], Mapping[str, Any]] | None = None,
) -> Summary:
    """Take frames until the source ends, max_frames are done or somebody stops it.

    clock  gets stages source (waiting for a frame), filter, publish (handing it to the sinks), and
           frame (all of a frame but waiting for it); the estimator adds detect, preprocess, engine
           and lift. Beside the loop, in threads of their own: read (a source that is not live has
           its next frames read meanwhile) and sink
    each   is told how many frames are done, after every one
    facts  what is to be told of a frame, asked once its poses are known

    Sinks are closed, so what they took is kept: at the end, at Ctrl-C, and for a live source after
    an error too, for nobody can record it again. After an error with a file they are discarded.
    """
    done = people = 0
    oldest_s = 0.0
    stopped = whole = False
    fault = None
    start = perf_counter()
    ahead = None if source.live else Prefetcher(source, clock)
    outlets = [sink if sink.main_thread else BackgroundSink(sink, clock) for sink in sinks]
    try:
        for frame in islice(_timed(ahead or source, clock), max_frames):
            with clock.stage("frame"):
                seen = frame if lens is None or frame.camera else _with_camera(frame, lens)
                poses = _one(seen, estimate, filters, clock)
                oldest_s = max(oldest_s, source.age_s(frame))
                _publish(replace(seen, facts=facts(seen)) if facts else seen, poses, outlets, clock)
            done += 1
            people += bool(poses)
            if each:
                each(done)
        for outlet in outlets:
            outlet.flush()
        whole = True
    except (KeyboardInterrupt, Stop):
        whole = stopped = True
    except EndedEarly as error:
        whole, fault = True, str(error)
    finally:
        elapsed_s = perf_counter() - start
        if ahead:
            ahead.close()
        source.close()
        _end(outlets, keep=whole or source.live)
    offered = done + source.dropped
    _log.info("%d frames in %.1f s", done, elapsed_s)
    return Summary(offered, done, source.dropped, people, elapsed_s, stopped, oldest_s, fault)


def _one(
    frame: Frame,
    estimate: Callable[[Frame], list[Pose3D]],
    filters: Sequence[Filter],
    clock: StageClock,
) -> list[Pose3D]:
    poses = estimate(frame)
    with clock.stage("filter"):
        for smooth in filters:
            poses = smooth(frame, poses)
    return poses


def _publish(frame: Frame, poses: list[Pose3D], outlets: Sequence[Sink], clock: StageClock) -> None:
    with clock.stage("publish"):
        for outlet in outlets:
            outlet(frame, poses)


def _timed(source: Iterable[Frame], clock: StageClock) -> Iterator[Frame]:
    """The frames of a source, the time that the loop waits for them on the clock."""
    frames = iter(source)
    while True:
        with clock.stage("source"):
            frame = next(frames, None)
        if frame is None:
            return
        yield frame


def _with_camera(frame: Frame, lens: Lens) -> Frame:
    height, width = frame.image.shape[:2]
    return replace(frame, camera=lens(width, height))


def _end(sinks: Sequence[Sink], *, keep: bool) -> None:
    """Close or discard every sink, also where one of them cannot be finished."""
    with ExitStack() as stack:
        for sink in reversed(sinks):
            stack.callback(sink.close if keep else sink.discard)
