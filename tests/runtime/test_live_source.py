"""A live source that is lost comes back: whatever its driver does, without a traceback."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from contextlib import closing

import numpy as np
import pytest

from edge3dpose import stopping
from edge3dpose.errors import BadInput, SourceLost
from edge3dpose.runtime.pipeline import Pipeline
from edge3dpose.runtime.sinks._window import Window
from edge3dpose.runtime.sources import _live_source, _retry
from edge3dpose.runtime.sources._grabber import Grabber, Picture
from edge3dpose.runtime.sources._live_source import LiveSource
from edge3dpose.runtime.sources._picture_watch import PictureWatch
from edge3dpose.runtime.sources._retry import BackOff, Retry, device_of, server_of, waited_for
from edge3dpose.runtime.sources._stream_clock import StreamClock

END, RAISE, HANG, WORSE = "end", "raise", "hang", "worse"


class Fake(Grabber):
    """Gives so many pictures, then does something bad."""

    def __init__(self, pictures: int, then: str = END, release: threading.Event | None = None):
        self.left, self.then, self.closed = pictures, then, 0
        self.release = release or threading.Event()

    def read(self) -> Picture | None:
        time.sleep(0.005)
        if self.left:
            self.left -= 1
            return Picture(np.full((4, 4, 3), 50 + self.left % 200, np.uint8))
        if self.then == RAISE:
            raise OSError("the driver is gone: http://user:s3cret@camera/")
        if self.then == WORSE:
            raise MemoryError
        if self.then == HANG:
            self.release.wait(20)
        return None

    def close(self) -> None:
        self.closed += 1


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(_retry, "FIRST_S", 0.02)
    monkeypatch.setattr(_retry, "LONGEST_S", 0.1)
    monkeypatch.setattr(_live_source, "STALL_S", 0.3)
    stopping.forget()


def live(grabbers, retry=None):
    """A source that is opened as these say, one after another; an error is raised."""
    left = iter(grabbers)

    def again():
        found = next(left)
        if isinstance(found, Exception):
            raise found
        return found

    return LiveSource("camera 7", again(), again, retry)


def events_of(source):
    seen = []
    source.on_event = seen.append
    return seen


@pytest.mark.parametrize("then", [END, RAISE, HANG, WORSE])
def test_a_source_comes_back_whatever_its_driver_does(then, caplog):
    release = threading.Event()
    broken, good = Fake(5, then, release), Fake(1000)
    with caplog.at_level(logging.WARNING), closing(live([broken, good])) as source:
        seen = events_of(source)
        frames = list(itertools.islice(source, 20))
    release.set()
    assert [frame.index for frame in frames] == sorted({frame.index for frame in frames})
    assert [event.kind for event in seen] == ["source_lost", "source_back"]
    assert seen[0].time_s < seen[1].time_s
    assert seen[1].facts["gap_s"] > 0
    assert seen[0].to_dict()["reason"]
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 2
    assert lines[0].startswith("camera 7 is lost (")
    assert lines[0].endswith("; trying again")
    assert lines[1].startswith("camera 7 is back after ")
    assert "s3cret" not in str(lines) + str(seen)
    assert good.closed == 1
    for _ in range(100):
        if broken.closed:
            break
        time.sleep(0.01)
    assert broken.closed == 1


def test_attempts_go_on_until_one_succeeds():
    gone = [BadInput("nobody answers"), OSError("driver"), RuntimeError("more")] * 2
    with closing(live([Fake(3), *gone, Fake(1000)])) as source:
        seen = events_of(source)
        assert len(list(itertools.islice(source, 10))) == 10
    assert [event.kind for event in seen] == ["source_lost", "source_back"]


def test_what_is_given_up_says_so():
    with closing(live([Fake(3), *[BadInput("nobody answers")] * 99], Retry(0.2))) as source:
        seen = events_of(source)
        with pytest.raises(
            SourceLost, match=r"gives no more frames \(nobody answers\); it did not"
        ):
            list(source)
    assert [event.kind for event in seen] == ["source_lost"]
    assert SourceLost("").exit_code == 3


def test_a_source_can_be_left_lost():
    words = r"camera 7 gives no more frames \(it has ended\)$"
    with closing(live([Fake(3)], Retry(0.0))) as source, pytest.raises(SourceLost, match=words):
        list(source)
    assert _readers() == []


@pytest.mark.parametrize("then", [END, RAISE, HANG])
def test_a_source_that_never_gives_a_frame_is_told_at_once(then):
    release = threading.Event()
    source = live([Fake(0, then, release)])
    with pytest.raises(BadInput, match="opened but gave no frame"):
        next(iter(source))
    release.set()
    source.close()


def test_a_source_may_be_lost_before_its_reader_is_known(monkeypatch):
    start = threading.Thread.start

    def slowly(thread):
        start(thread)
        thread.join(0.3)

    release = threading.Event()
    monkeypatch.setattr(threading.Thread, "start", slowly)
    source = live([Fake(0, "end", release)])
    monkeypatch.undo()
    with pytest.raises(BadInput, match="opened but gave no frame"):
        next(iter(source))
    release.set()
    source.close()


def test_a_source_that_never_gives_a_frame_is_waited_for():
    with closing(live([Fake(0), Fake(0), Fake(9)], Retry(wait_s=5))) as source:
        assert next(iter(source)).index == 0
    never, words = live([Fake(0)] * 99, Retry(wait_s=0.2)), "opened but gave no frame"
    with closing(never) as source, pytest.raises(SourceLost, match=words):
        list(source)


def test_drivers_that_hang_do_not_pile_up(monkeypatch):
    monkeypatch.setattr(_live_source, "STALL_S", 0.1)
    release = threading.Event()
    before = threading.active_count()
    hanging = [Fake(1, HANG, release) for _ in range(99)]
    with closing(live(hanging, Retry(2.0))) as source:
        with pytest.raises(SourceLost):
            list(source)
        assert threading.active_count() - before <= _live_source.MOST_HANGING + 1
        release.set()
        for _ in range(100):
            if threading.active_count() <= before:
                break
            time.sleep(0.02)
    assert threading.active_count() <= before


def test_a_signal_ends_the_wait_for_a_lost_source():
    with closing(live([Fake(1), *[BadInput("nobody answers")] * 999])) as source:
        frames = iter(source)
        next(frames)
        threading.Timer(0.2, stopping.note).start()
        with pytest.raises(KeyboardInterrupt):
            next(frames)
    stopping.forget()


def test_a_window_can_be_closed_while_the_source_is_lost():
    class Screen:
        shown = 0

        def show(self, picture):
            self.shown += picture is not None
            return self.shown < 1  # the key is pressed once a picture is there

        def close(self):
            pass

    class Patient(Window):
        def __call__(self, frame, poses):
            self._draw(frame, poses)

    source = live([Fake(1), *[Fake(0) for _ in range(500)]])
    start = time.monotonic()
    summary = Pipeline(source, lambda frame: []).run([Patient(Screen())])
    assert summary.stopped
    assert not summary.lost
    assert time.monotonic() - start < 5


def test_closing_ends_a_wait_of_another_thread():
    source = live([Fake(1), *[BadInput("nobody answers")] * 999])
    threading.Timer(0.2, source.close).start()
    assert len(list(source)) == 1
    source.close()


def test_the_pauses_grow_and_end_when_the_source_is_seen():
    there = [False, False, True, True, True]
    looks = iter(there)
    start = time.monotonic()
    BackOff(lambda: next(looks, True)).pause(threading.Event())
    assert time.monotonic() - start < 1
    back_off = BackOff()
    took = []
    for _ in range(4):
        start = time.monotonic()
        back_off.pause(threading.Event())
        took.append(time.monotonic() - start)
    assert took == pytest.approx([0.02, 0.04, 0.08, 0.1], abs=0.03)
    start = time.monotonic()
    back_off.pause(threading.Event(), until_s=start)
    assert time.monotonic() - start < 0.05


def test_a_server_that_is_absent_is_waited_for(caplog):
    tries = iter([BadInput("nothing answers"), BadInput("nothing answers"), "open"])

    def attempt():
        found = next(tries)
        if isinstance(found, Exception):
            raise found
        return found

    assert waited_for(attempt, Retry(wait_s=5)) == "open"
    assert [record.getMessage() for record in caplog.records] == [
        "nothing answers; waiting 5 s for it"
    ]

    def absent():
        raise BadInput("nothing answers")

    with pytest.raises(SourceLost, match=r"nothing answers; waited 0.1 s"):
        waited_for(absent, Retry(wait_s=0.1))
    with pytest.raises(BadInput) as caught:
        waited_for(absent, Retry())
    assert not isinstance(caught.value, SourceLost)


def test_what_can_be_looked_for():
    assert server_of("udp://@:5000") is None
    assert server_of("http://[half") is None
    assert server_of("rtsp://127.0.0.1:99999/") is None
    assert server_of("http://127.0.0.1:9/x")() is False
    look = device_of("/dev/null")
    assert look is None or look()
    missing = device_of(97)
    assert missing is None or not missing()


def test_black_and_frozen_pictures_are_told_once_a_spell():
    watch = PictureWatch()
    noise = np.random.default_rng(0).integers(30, 200, (9, 48, 64, 3), np.uint8)
    black = np.full((48, 64, 3), 16, np.uint8)
    told = []
    for second in range(100):
        if second < 20:
            picture = noise[second % 9]
        elif second < 45:
            picture = noise[0]
        elif second < 60:
            picture = black
        else:
            picture = noise[second % 9] if second < 70 else black
        told += [(kind, second) for kind in watch(picture, float(second))]
    assert told == [("source_frozen", 31), ("source_black", 55), ("source_black", 80)]
    assert watch(np.zeros((3, 2, 3), np.uint8), 100.0) == []  # too small for its grid


def test_a_picture_that_waited_is_older_than_one_that_did_not():
    clock = StreamClock()
    assert [clock.delay_s(n / 10, 100 + n / 10) for n in range(5)] == pytest.approx([0] * 5)
    assert clock.delay_s(0.5, 101.5) == pytest.approx(1.0)
    assert clock.delay_s(None, 101.6) == 0
    assert clock.delay_s(5000.0, 102.0) == 0  # the camera was started again: another clock
    drifting = [clock.delay_s(5000 + n * 0.999, 102 + n) for n in range(600)]
    assert max(drifting) < 0.15


def _readers():
    time.sleep(0.05)
    return [one.name for one in threading.enumerate() if one.name.startswith("source ")]
