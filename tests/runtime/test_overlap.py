"""Reading ahead and publishing behind: order, errors, and that the loop does not wait."""

import threading
import time

import numpy as np
import pytest

from edge3dpose.errors import BadInput
from edge3dpose.runtime import overlap
from edge3dpose.runtime.clock import StageClock
from edge3dpose.runtime.overlap import BackgroundSink, Prefetcher
from edge3dpose.runtime.sinks import Sink, Stop
from edge3dpose.runtime.sinks._window import Window
from edge3dpose.types import Frame

IMAGE = np.full((48, 64, 3), 90, np.uint8)


def frames(count, fails=None, taken=None):
    for index in range(count):
        if taken is not None:
            taken.append(index)
        yield Frame(IMAGE, index, index / 10)
    if fails:
        raise fails


class Slow(Sink):
    """A sink that takes its time; may fail, may skip."""

    def __init__(self, takes_s=0.0, *, skips=False, fails_at=None, fault=None):
        self.takes_s, self.skips, self.fails_at, self.fault = takes_s, skips, fails_at, fault
        self.seen, self.end, self.thread = [], None, None

    def __call__(self, frame, poses):
        time.sleep(self.takes_s)
        self.thread = threading.current_thread()
        if frame.index == self.fails_at:
            raise self.fault
        self.seen.append(frame.index)

    def close(self):
        self.end = "closed"

    def discard(self):
        self.end = "discarded"


def test_frames_come_in_order_and_the_sources_error_after_them():
    clock = StageClock()
    ahead = Prefetcher(frames(20, fails=BadInput("broke")), clock)
    seen = []

    def take():
        for frame in ahead:
            seen.append(frame.index)

    with pytest.raises(BadInput, match="broke"):
        take()
    assert seen == list(range(20))
    ahead.close()
    assert len(clock.seconds("read")) == 21


def test_only_a_few_frames_are_read_ahead_and_none_after_close():
    taken = []
    ahead = Prefetcher(frames(1000, taken=taken), StageClock())
    assert next(iter(ahead)).index == 0
    time.sleep(0.2)
    assert len(taken) <= 2 + overlap.FRAMES_AHEAD
    ahead.close()
    before = len(taken)
    time.sleep(0.1)
    assert len(taken) == before


def test_a_slow_sink_gets_every_frame_in_a_thread_of_its_own_and_the_loop_does_not_wait():
    slow = Slow(0.05)
    sink = BackgroundSink(slow)
    start_s = time.perf_counter()
    for frame in frames(overlap.SINK_QUEUE):
        sink(frame, [])
    assert time.perf_counter() - start_s < 0.05 * overlap.SINK_QUEUE / 2
    sink.flush()
    assert slow.seen == list(range(overlap.SINK_QUEUE))
    assert slow.thread is not threading.main_thread()
    sink.close()
    sink.close()
    assert slow.end == "closed"


def test_a_sink_that_may_skip_has_the_last_frame_in_the_end():
    slow = Slow(0.02, skips=True)
    sink = BackgroundSink(slow)
    for frame in frames(50):
        sink(frame, [])
    sink.flush()
    assert slow.seen[-1] == 49
    assert len(slow.seen) < 10
    sink.close()


@pytest.mark.parametrize("fault", [BadInput("disk full"), Stop()])
def test_what_a_sink_raises_comes_out_of_a_later_call(fault):
    slow = Slow(fails_at=3, fault=fault)
    sink = BackgroundSink(slow)
    with pytest.raises(type(fault)):  # noqa: PT012 (which call it is depends on the thread)
        for frame in frames(10):
            sink(frame, [])
        sink.flush()
    sink.discard()
    assert slow.seen == [0, 1, 2]
    assert slow.end == "discarded"


class Screen:
    """Notes what is shown and by whom; closed by its user after some pictures."""

    def __init__(self, until=99):
        self.shown, self.threads, self.open, self.until = [], set(), True, until

    def show(self, picture):
        self.shown.append(picture)
        self.threads.add(threading.current_thread())
        return len(self.shown) < self.until

    def close(self):
        self.open = False


def test_what_a_sink_raises_of_the_last_frames_comes_out_at_its_end():
    class Full(Sink):
        def __call__(self, frame, poses):
            raise BadInput("the disk is full")

    class Gone(Sink):
        def __call__(self, frame, poses):
            raise Stop

    full = BackgroundSink(Full())
    full(next(frames(1)), [])
    with pytest.raises(BadInput, match="the disk is full"):
        full.close()
    full.close()
    gone = BackgroundSink(Gone())
    gone(next(frames(1)), [])
    gone.close()


def test_a_window_shows_the_last_frame_from_the_main_thread():
    screen = Screen()
    window = Window(screen)
    for frame in frames(5):
        window(frame, [])
    window.flush()
    assert 1 <= len(screen.shown) <= 5
    assert screen.shown[-1].ndim == 3
    assert screen.threads == {threading.main_thread()}
    window.close()
    assert not screen.open


def test_a_closed_window_stops_the_run():
    window = Window(Screen(until=1))
    with pytest.raises(Stop):  # noqa: PT012 (the picture may be ready at once or in the end)
        window(next(frames(1)), [])
        window.flush()
    window.close()
