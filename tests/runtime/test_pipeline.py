"""The loop: order, counting, timing, and what becomes of the files when it ends early."""

import numpy as np
import pytest
from standing import JOINTS_MM

from edge3dpose.camera import open_lens
from edge3dpose.errors import BadInput
from edge3dpose.runtime.clock import StageClock
from edge3dpose.runtime.pipeline import Pipeline
from edge3dpose.runtime.sinks import Sink, Stop
from edge3dpose.runtime.sources import Source
from edge3dpose.types import Frame, Pose3D

SOMEBODY = Pose3D(JOINTS_MM, np.zeros((17, 2), np.float32), np.ones(17, np.float32))


class Ten(Source):
    """Ten black frames; may break after some, may be live."""

    name, related, fps, frames = "ten", True, 10.0, 10

    def __init__(self, *, live=False, breaks_at=None):
        self.live, self.breaks_at, self.closed, self.dropped = live, breaks_at, False, 4 * live

    def __iter__(self):
        for index in range(10):
            if index == self.breaks_at:
                raise BadInput("the source broke")
            yield Frame(np.zeros((4, 8, 3), np.uint8), index, index / 10)

    def age_s(self, frame):
        return 0.05 * self.live

    def close(self):
        self.closed = True


class Kept(Sink):
    """A sink that notes what happens to it."""

    def __init__(self, raises=None, after=99):
        self.frames, self.poses, self.end = [], [], None
        self.raises, self.after = raises, after

    def __call__(self, frame, poses):
        self.frames.append(frame)
        self.poses.append(poses)
        if len(self.frames) == self.after:
            raise self.raises

    def close(self):
        self.end = "closed"

    def discard(self):
        self.end = "discarded"


def every_other(frame):
    return [SOMEBODY] if frame.index % 2 else []


def run(source, *sinks, **options):
    ends = {name: options.pop(name) for name in ("max_frames", "on_frame") if name in options}
    stages = Pipeline(source, every_other, **options)
    return stages.run(sinks, **ends), stages.clock


def test_every_frame_goes_through_once_and_in_order():
    source, sink, done = Ten(), Kept(), []

    def on_frame(frame, poses):
        done.append((frame.index, len(poses)))

    summary, clock = run(source, sink, lens=open_lens(), on_frame=on_frame)
    assert [frame.index for frame in sink.frames] == list(range(10))
    assert sink.frames[0].camera.assumed
    assert done == [(n, n % 2) for n in range(10)]
    assert (summary.processed, summary.offered, summary.dropped) == (10, 10, 0)
    assert summary.with_people == 5
    assert not summary.stopped
    assert summary.fps == pytest.approx(10 / summary.elapsed_s)
    assert (sink.end, source.closed) == ("closed", True)
    assert len(clock.seconds("frame")) == 10
    assert {"source", "read", "filter", "publish", "sink", "frame"} <= set(clock.stages())


def test_filters_change_what_sinks_get():
    sink = Kept()
    run(Ten(), sink, filters=[lambda frame, poses: poses * 2, lambda frame, poses: [*poses, 1]])
    assert [len(poses) for poses in sink.poses[:2]] == [1, 3]


def test_it_stops_after_max_frames():
    summary, _ = run(Ten(), sink := Kept(), max_frames=3)
    assert summary.processed == len(sink.frames) == 3
    assert sink.end == "closed"


@pytest.mark.parametrize("ends", [KeyboardInterrupt, Stop])
def test_ctrl_c_and_a_closed_window_keep_what_was_written(ends):
    first, last = Kept(), Kept(ends, after=4)
    summary, _ = run(Ten(), first, last)
    assert summary.stopped
    assert (first.end, last.end) == ("closed", "closed")


def test_an_error_with_a_file_discards_and_with_a_live_source_keeps():
    for live, end in ((False, "discarded"), (True, "closed")):
        source, sink = Ten(live=live, breaks_at=5), Kept()
        with pytest.raises(BadInput, match="broke"):
            run(source, sink)
        assert sink.end == end
        assert source.closed


def test_a_sink_that_cannot_be_finished_does_not_keep_the_others_from_it():
    class Full(Kept):
        def close(self):
            raise BadInput("disk full")

    first, last = Full(), Kept()
    with pytest.raises(BadInput, match="disk full"):
        run(Ten(), first, last)
    assert last.end == "closed"


def test_a_live_source_is_counted_with_its_drops_and_ages():
    summary, _ = run(Ten(live=True))
    assert (summary.offered, summary.dropped) == (14, 4)
    assert summary.oldest_s == pytest.approx(0.05)


def test_the_clock_keeps_the_newest_visits_only():
    clock = StageClock(keep=3)
    for _ in range(5):
        with clock.stage("a"):
            pass
    assert len(clock.seconds("a")) == 3
