"""Who gets which clip, with a crew that dies when it is told to."""

from pathlib import Path

import pytest

from edge3dpose.archive.clips import Clip
from edge3dpose.archive.crew import Crew, Event
from edge3dpose.archive.progress import ArchiveProgress, duration
from edge3dpose.archive.record import ClipRecord
from edge3dpose.archive.schedule import Schedule
from edge3dpose.archive.task import ClipTask
from edge3dpose.errors import BadInput


class StandIn(Crew):
    """Workers that finish every clip at once, but for those that kill them."""

    def __init__(self, deadly=(), deaths=99, starts=True):
        self.deadly, self.deaths, self.starts = deadly, deaths, starts
        self.events, self.given, self.hired, self.alive = [], [], 0, set()

    def hire(self):
        self.hired += 1
        self.alive.add(self.hired)
        self.events.append(Event(self.hired, "ready" if self.starts else "died", "it died"))
        return self.hired

    def give(self, worker, task):
        assert worker in self.alive
        self.given.append((task.clip.key, task.attempt))
        if task.clip.key in self.deadly and self.deaths:
            self.deaths -= 1
            self.alive.remove(worker)
            self.events.append(Event(worker, "died", "it died"))
            return
        self.events.append(Event(worker, "progress", frames=(1, 2)))
        record = ClipRecord(clip=task.clip.key, path="", state="done", bytes=1, mtime_ns=0)
        self.events.append(Event(worker, "finished", record=record))

    def dismiss(self, worker):
        self.alive.remove(worker)

    def wait(self, timeout_s):
        events, self.events = self.events, []
        return events


def tasks(*sizes):
    return [ClipTask(Clip(Path(str(n)), str(n), size, 0)) for n, size in enumerate(sizes)]


def lost(task, reason):
    record = ClipRecord.failed(task.clip, {}, task.attempt)
    return ClipRecord(**{**{f: getattr(record, f) for f in record.__slots__}, "reason": reason})


def outcome(crew, given, workers=2):
    found = Schedule(given, lambda: None, lost).results(crew, workers)
    return {record.clip: record.reason for record in found if record is not None}


def test_large_clips_first_each_once_and_nobody_is_left():
    crew = StandIn()
    assert outcome(crew, tasks(1, 5, 3)) == {"0": None, "1": None, "2": None}
    assert crew.given == [("1", 1), ("2", 1), ("0", 1)]
    assert crew.hired == 2
    assert not crew.alive


def test_a_death_costs_one_more_try():
    crew = StandIn(deadly=("1",), deaths=1)
    assert outcome(crew, tasks(1, 5, 3)) == {"0": None, "1": None, "2": None}
    assert [one for one in crew.given if one[0] == "1"] == [("1", 1), ("1", 2)]


def test_a_clip_that_kills_twice_has_failed_and_the_others_are_done():
    crew = StandIn(deadly=("1",))
    found = outcome(crew, tasks(1, 5, 3), workers=1)
    assert found == {"0": None, "2": None, "1": "it died, in 2 attempts"}
    assert crew.hired == 3


def test_workers_that_cannot_start_end_it():
    with pytest.raises(BadInput, match="end while they start: it died"):
        outcome(StandIn(starts=False), tasks(1, 2))


def test_what_every_worker_would_refuse_ends_it():
    crew = StandIn()
    crew.events.append(Event(0, "refused", "no such model"))
    with pytest.raises(BadInput, match="no such model"):
        outcome(crew, tasks(1))


def test_the_time_left_is_by_bytes():
    progress = ArchiveProgress.of(tasks(100, 300))
    progress.update({"1": (5, 10), "0": (7, None)})
    assert progress.share == pytest.approx(150 / 400)
    progress.add(ClipRecord(clip="1", path="", state="done", bytes=1, mtime_ns=0, frames=10))
    progress.update({})
    assert progress.share == pytest.approx(0.75)
    assert progress.text.startswith("1 of 2 clips, 0 s left")
    assert [duration(s) for s in (40, 200, 7800)] == ["40 s", "3 min", "2 h 10 min"]
