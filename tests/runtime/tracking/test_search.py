"""The search beside the loop: nobody waits, files give the same each time, errors come back."""

import threading
import time
from dataclasses import replace

import pytest
from followed import Finder, box_at, frame_at, pose_at

from edge3dpose.runtime.detectors import Detector, follow
from edge3dpose.runtime.tracking.search import FRAMES_LATE, Background, Searcher


class Slow(Finder):
    """Searches until it is told to end."""

    def __init__(self, *boxes):
        super().__init__(*boxes)
        self.go, self.brightest = threading.Event(), None

    def __call__(self, frame):
        assert self.go.wait(5)
        self.brightest = int(frame.image.max())
        return super().__call__(frame)


@pytest.fixture
def searcher():
    made = Searcher(Slow(box_at(300, 240, 300)))
    yield made
    made._finder.go.set()
    made.close()


def test_a_live_loop_does_not_wait_and_uses_a_result_when_it_is_there(searcher):
    search = Background(searcher, live=True)
    search.submit(frame_at(0.0))
    assert not search.free
    for _ in range(20):
        assert search.result() is None
    searcher._finder.go.set()
    deadline = time.monotonic() + 5
    while (found := search.result()) is None and time.monotonic() < deadline:
        time.sleep(0.001)
    assert len(found) == 1
    assert search.free


def test_a_file_waits_and_gets_a_result_at_the_same_frame_each_time(searcher):
    search = Background(searcher, live=False)
    search.submit(frame_at(0.0))
    threading.Timer(0.05, searcher._finder.go.set).start()
    late = [search.result() for _ in range(FRAMES_LATE)]
    assert late[:-1] == [None] * (FRAMES_LATE - 1)
    assert len(late[-1]) == 1


def test_two_loops_share_a_network_and_it_is_never_called_twice_at_once():
    class Alone(Detector):
        inside, most = 0, 0

        def __call__(self, frame):
            self.inside += 1
            self.most = max(self.most, self.inside)
            time.sleep(0.01)
            self.inside -= 1
            return []

    alone = Alone()
    searcher = Searcher(alone)
    loops = [Background(searcher, live=False) for _ in range(3)]
    for loop in loops:
        loop.submit(frame_at(0.0))
    searcher.now(frame_at(0.0))
    for loop in loops:
        loop.close()
    searcher.close()
    assert alone.most == 1


def test_the_image_may_change_once_it_is_submitted(searcher):
    frame = frame_at(0.0)
    image = frame.image.copy()
    search = Background(searcher, live=True)
    search.submit(replace(frame, image=image))
    image[:] = 255
    searcher._finder.go.set()
    while search.result() is None:
        time.sleep(0.001)
    assert searcher._finder.brightest == 0


def test_what_the_search_raises_reaches_the_loop():
    class Broken(Detector):
        def __call__(self, frame):
            if frame.time_s > 0:
                raise ValueError("damaged")
            return []

    detect = follow.FollowAnew(Searcher(Broken())).for_source(related=True)
    detect(frame_at(0.0))

    def go_on():
        for n in range(1, 10):
            detect(frame_at(n / 10))
            detect.identify(frame_at(n / 10), [])

    with pytest.raises(ValueError, match="damaged"):
        go_on()
    detect.close()


def test_after_close_no_thread_is_left():
    finder = Finder()
    opened = follow.FollowAnew(Searcher(finder))
    before = set(threading.enumerate())
    loop = opened.for_source(related=True)
    loop(frame_at(0.0))
    loop.identify(frame_at(0.0), [])
    loop(frame_at(1.0))
    loop.close()
    opened.close()
    assert not set(threading.enumerate()) - before


def following(*boxes, **kind):
    finder = Finder(*boxes)
    return finder, follow.FollowAnew(Searcher(finder)).for_source(related=True, **kind)


def step(detect, time_s, *people):
    boxes = detect(frame_at(time_s))
    detect.identify(frame_at(time_s), list(people))
    return boxes


def test_the_first_frame_is_searched_in_line_and_then_every_quarter_of_a_second():
    finder, detect = following(box_at(300, 240, 400))
    assert len(step(detect, 0.0, pose_at(300, 240, 400, track_id=None))) == 1
    for n in range(1, 61):
        step(detect, n / 30, pose_at(300, 240, 400))
    detect.close()
    assert 7 <= finder.asked <= 9  # of 2 s


def test_after_a_loss_the_search_does_not_wait_for_its_time():
    finder, detect = following(box_at(300, 240, 400))
    step(detect, 0.0, pose_at(300, 240, 400, track_id=None))
    for n in range(1, 5):
        step(detect, n / 30)
    detect.close()
    assert finder.asked == 3  # at the start a quick and a thorough one


def test_somebody_who_enters_is_found_within_a_third_of_a_second():
    finder, detect = following(box_at(200, 240, 300))
    step(detect, 0.0, pose_at(200, 240, 300, track_id=None))
    found = []
    for n in range(1, 40):
        if n == 9:
            finder.boxes.append(box_at(500, 240, 300))
        boxes = step(detect, n / 30, pose_at(200, 240, 300))
        if len(boxes) == 2:
            found.append(n)
    detect.close()
    assert found[0] - 9 <= 11


def test_unrelated_images_are_searched_each_and_duplicates_go():
    finder = Finder(box_at(300, 240, 400))
    detect = follow.FollowAnew(Searcher(finder)).for_source(related=False)
    for n in range(3):
        assert len(detect(frame_at(n))) == 1
    twins = [pose_at(300, 240, 400, score=0.8), pose_at(301, 240, 400, track_id=1)]
    assert len(detect.identify(frame_at(3), twins)) == 1
    assert finder.asked == 3
    detect.close()


def test_a_search_is_thorough_while_nobody_is_followed_and_each_fourth_time():
    class Counting(Finder):
        def quick_search(self, frame):
            kinds.append("quick")
            return self.boxes

        def __call__(self, frame):
            kinds.append("thorough")
            return self.boxes

    kinds = []
    searcher = Searcher(Counting())
    search = Background(searcher, live=False)
    for thorough in (False, False, True, False, False):
        search.submit(frame_at(0.0), thorough=thorough)
        for _ in range(FRAMES_LATE):
            found = search.result()
        assert found == []
    searcher.close()
    assert kinds == ["quick", "quick", "thorough", "quick", "thorough"]  # its turn does not move


@pytest.mark.parametrize("seen_quickly", [0, 1, 2])
def test_the_first_frame_waits_for_a_quick_search_where_that_finds_somebody(seen_quickly):
    boxes = [box_at(150, 240, 250), box_at(480, 240, 250)]

    class TwoLooks(Finder):
        def quick_search(self, frame):
            self.asked += 1
            return boxes[:seen_quickly]

    finder = TwoLooks(*boxes)
    detect = follow.FollowAnew(Searcher(finder)).for_source(related=True)
    first = detect(frame_at(0.0))
    assert len(first) == (seen_quickly or 2)
    people = [pose_at((box.x0 + box.x1) / 2, 240, 250, track_id=None) for box in first]
    detect.identify(frame_at(0.0), people)
    found = [len(step(detect, n / 30, *people)) for n in range(1, 4)]
    detect.close()
    assert max(found) == 2
