"""Long clips: done in sections, joined as if they had been read in one go."""

import itertools
import json
import math
import random
import subprocess
import sys
import time
from dataclasses import replace

import av
import clips
import cv2
import numpy as np
import psutil
import pytest
from test_kills import children, command, end, killed

from edge3dpose.archive.clips import find_clips
from edge3dpose.archive.crew import Crew, Event
from edge3dpose.archive.folder import ArchiveFolder
from edge3dpose.archive.job import settled
from edge3dpose.archive.long_clips import LongClips
from edge3dpose.archive.record import ClipRecord
from edge3dpose.archive.run_archive import Manpower, run_archive
from edge3dpose.archive.schedule import Schedule
from edge3dpose.archive.sections import spans_of
from edge3dpose.archive.task import ClipTask, SectionDone, SplitClip
from edge3dpose.archive.worker import ClipWorker
from edge3dpose.errors import EndedEarly
from edge3dpose.poses_file import read_poses
from edge3dpose.runtime.sources import open_source
from edge3dpose.runtime.sources._section import FrameTimes

SPLIT_S = 4.0
KEYS = {"x264-params": "keyint=5:min-keyint=5:scenecut=0:bframes=2"}  # one a second
BAD = KEYS | {"preset": "ultrafast", "tune": "zerolatency"}  # damage to it is noticed
TIMES_S = [n / 5 + 0.05 * math.sin(n) for n in range(64)]  # uneven


@pytest.fixture(scope="session")
def images():
    found = [cv2.resize(frame.image, (360, 640)) for frame in open_source("sample")]
    return found[: len(TIMES_S)]


@pytest.fixture(scope="session")
def long_folder(images, tmp_path_factory):
    """A folder with the sample as H.264, a key frame a second."""
    place = tmp_path_factory.mktemp("long")
    clips.write(place / "long.mp4", images, times_s=TIMES_S, options=KEYS)
    return place


@pytest.fixture
def jobs(estimator, tmp_path):
    """In one go, and in sections."""
    whole, _ = settled(estimator, tmp_path / "whole", "jsonl")
    split, _ = settled(estimator, tmp_path / "split", "jsonl", split_s=SPLIT_S)
    return whole, split


def frames(job, name="long.mp4"):
    return list(read_poses(job.out / "parts" / f"{name}.jsonl"))


@pytest.fixture(scope="session")
def split_part(long_folder, estimator, tmp_path_factory):
    """The part of the long clip, done in sections by two workers without a fault."""
    out = tmp_path_factory.mktemp("split") / "out"
    job, _ = settled(estimator, out, "jsonl", split_s=SPLIT_S)
    assert run_archive(long_folder, job, Manpower(workers=2)).failed == ()
    return (out / "parts/long.mp4.jsonl").read_bytes()


def test_a_split_clip_is_one_part_with_the_frames_of_the_whole(long_folder, jobs, split_part):
    for job in jobs:
        (record,) = run_archive(long_folder, job, Manpower(workers=1)).records
        assert (record.frames, record.people, record.reason) == (64, 1, None)
        assert record.sections == (1 if job is jobs[0] else 4)
        assert record.video_s == pytest.approx(64 / 5, abs=0.1)
        assert record.size_px == (360, 640)
        assert not (job.out / "sections").exists()
        assert not (job.out / "work").exists()
    whole, split = map(frames, jobs)
    assert [(f.index, f.time_s) for f in split] == [(f.index, f.time_s) for f in whole]
    assert (jobs[1].out / "parts/long.mp4.jsonl").read_bytes() == split_part
    lines = [(job.out / "parts/long.mp4.jsonl").read_text().splitlines() for job in jobs]
    assert lines[0][:17] == lines[1][:17]  # the header and the first section: the same bits
    apart = []
    for a, b in zip(whole, split, strict=True):
        (one,), (other,) = a.people, b.people
        assert one.track_id == other.track_id == 0
        apart.append(np.linalg.norm(one.joints_mm - other.joints_mm, axis=1).mean())
    assert np.mean(apart) < 40  # of a shallow cut; what it is of a deep one is in docs/scale.md
    assert run_archive(long_folder, jobs[1], Manpower(workers=1)).records == ()


def test_two_people_keep_their_numbers_through_the_joints(images, estimator, tmp_path):
    """The right one is there first; a section of its own would number them by another order."""
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    empty = np.full_like(images[0], 128)
    film = [
        np.hstack([empty if n < 8 else images[n][:, ::-1], images[(n + 20) % 64]])
        for n in range(64)
    ]
    (tmp_path / "clips").mkdir()
    clips.write(tmp_path / "clips/two.mkv", film, times_s=TIMES_S, options=KEYS)
    job, _ = settled(estimator, tmp_path / "out", "parquet", split_s=SPLIT_S)
    (record,) = run_archive(tmp_path / "clips", job, Manpower(workers=2)).records
    assert (record.sections, record.people, record.frames) == (4, 2, 64)
    table = pandas.read_parquet(job.out / "parts" / "two.mkv.parquet")
    right = table["pelvis_u_px"] > 360
    assert set(table["person"][right]) == {0}
    assert set(table["person"][~right]) == {1}
    assert table["frame"].nunique() > 58
    assert table.groupby("frame")["person"].nunique().tail(40).min() == 2
    assert table["time_s"].max() == pytest.approx(TIMES_S[-1] - TIMES_S[0], abs=1e-3)


def test_a_run_that_is_killed_keeps_its_sections(long_folder, pipeline, split_part, tmp_path):
    out = tmp_path / "out"
    words = ["-m", "edge3dpose", "archive", long_folder, "--out", out, "--workers", "1", *pipeline]
    words += ["--split-minutes", SPLIT_S / 60]
    process = subprocess.Popen([sys.executable, *map(str, words)], stderr=subprocess.DEVNULL)
    first = out / "sections/long.mp4/0000.json"
    while process.poll() is None and not first.exists():
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert not (out / "parts").exists()
    known = json.loads(first.read_text()) | {"peak_mb": 123456.0}  # to be known again
    first.write_text(json.dumps(known))
    subprocess.run([sys.executable, *map(str, words)], stderr=subprocess.DEVNULL, check=True)
    record = ArchiveFolder(out).load("long.mp4")
    assert record.peak_mb == 123456.0
    assert (out / "parts/long.mp4.jsonl").read_bytes() == split_part
    assert not (out / "sections").exists()


class Here(Crew):
    """One real worker, in this process; ``before`` is called with each task."""

    def __init__(self, job, before):
        self.worker, self.before, self.events = ClipWorker(job), before, []

    def hire(self):
        assert self.worker.open() is None
        self.events.append(Event(1, "ready"))
        return 1

    def give(self, worker, task):
        self.before(task)
        self.events.append(Event(1, "finished", record=self.worker.process(task)))

    def dismiss(self, worker):
        self.worker.close()

    def wait(self, timeout_s):
        events, self.events = self.events, []
        return events


def test_a_section_that_fails_fails_its_clip_and_the_others_go_on(images, jobs, tmp_path):
    place, job = tmp_path / "clips", jobs[1]
    place.mkdir()
    clips.write(place / "long.mp4", images, times_s=TIMES_S, options=KEYS)
    clips.write(place / "other.mp4", images[:8])
    given = []

    def before(task):
        given.append((task.clip.key, task.step, task.number))
        if given[-1] == ("long.mp4", "section", 1):
            task.clip.path.write_bytes(b"")

    folder = ArchiveFolder(job.out)
    folder.begin("jsonl")

    def lost(task, reason):
        folder.save(replace(ClipRecord.failed(task.clip, job.pipeline), reason=reason))
        return folder.load(task.clip.key)

    tasks = [ClipTask(clip) for clip in find_clips(place, job.out)]
    found = Schedule(tasks, lambda: None, lost).results(Here(job, before), 1)
    records = {record.clip: record for record in found if record is not None}
    folder.write_manifest()
    assert "section 2: " in records["long.mp4"].reason
    assert records["other.mp4"].frames == 8
    (told,) = [json.loads(line) for line in folder.manifest.read_text().splitlines()]
    assert told["clip"] == "long.mp4"
    assert told["reason"].startswith("section 2: ")
    assert ("long.mp4", "section", 2) not in given
    assert ("long.mp4", "join", 1) not in given

    clips.write(place / "long.mp4", images, times_s=TIMES_S, options=KEYS)  # mended
    again = run_archive(place, job, Manpower(workers=1))
    assert [(r.clip, r.done, r.sections) for r in again.records] == [("long.mp4", True, 4)]


def test_damage_in_a_section_is_told_and_the_rest_is_kept(images, jobs, tmp_path):
    place = tmp_path / "clips"
    place.mkdir()
    file = clips.write(place / "long.mp4", images, times_s=TIMES_S, options=BAD)
    content = bytearray(file.read_bytes())
    with av.open(str(file)) as container:
        packets = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    for packet in packets[31:34]:  # at 6 s
        at = content.index(packet)
        content[at : at + len(packet)] = bytes(len(packet))
    file.write_bytes(content)
    (record,) = run_archive(place, jobs[1], Manpower(workers=1)).damaged
    assert "section 2 (" in record.reason
    assert "is damaged at 6." in record.reason
    assert record.sections == 4
    found = [(frame.index, frame.time_s) for frame in frames(jobs[1])]
    source, whole = open_source(file), []
    with pytest.raises(EndedEarly, match=r"is damaged at 6\."):
        whole.extend((frame.index, round(frame.time_s, 4)) for frame in source)
    assert len(whole) < len(TIMES_S)
    assert found == whole


def times_of(seconds, keys_s, fps=10):
    return FrameTimes(0.0, np.arange(seconds * fps) / fps, np.array(keys_s, float))


def test_sections_begin_at_key_frames_and_overlap():
    spans = spans_of(times_of(4000, range(0, 4000, 7)), 1000)
    assert len(spans) == 4
    for before, span in itertools.pairwise(spans):
        assert span.first_s % 7 == 0
        assert 29.9 < span.from_s - span.first_s < 30.1
        assert before.until_s == span.from_s
        assert 950 < span.from_s - before.from_s < 1050
        assert before.from_s <= span.first_s  # poses of one section only are compared
    assert spans[-1].until_s is None


@pytest.mark.parametrize("keys_s", [[0], [0, 2], [0, 3990]])
def test_too_few_key_frames_make_one_section(keys_s):
    assert len(spans_of(times_of(4000, keys_s), 1000)) == 1


def test_a_filter_that_needs_all_of_a_clip_leaves_it_whole(estimator, tmp_path):
    counting = {**estimator, "filter_options": {"count": "squat"}}
    assert settled(counting, tmp_path / "out", "jsonl", split_s=SPLIT_S)[0].split_s == 0


def test_what_is_not_much_longer_is_not_split(long_folder, jobs):
    (clip,) = find_clips(long_folder, jobs[1].out)
    longer = settled(jobs[1].estimator, jobs[1].out, "jsonl", split_s=9.0)[0]
    begun = time.perf_counter(), time.process_time()
    assert LongClips(longer).plan(clip, "0" * 64, begun) is None
    assert not (jobs[1].out / "sections").exists()


class Sections(Crew):
    """A crew without work; who is given the section ``deadly`` dies."""

    def __init__(self, deadly):
        self.deadly, self.events, self.given, self.hired = deadly, [], [], 0

    def hire(self):
        self.hired += 1
        self.events.append(Event(self.hired, "ready"))
        return self.hired

    def give(self, worker, task):
        self.given.append((task.step, task.number, task.attempt))
        if task.step == "clip":
            record = SplitClip((10, 10, 10), frozenset({0}))
        elif task.step == "section" and task.number == self.deadly:
            self.events.append(Event(worker, "died", "it died"))
            return
        else:
            record = SectionDone(task.number)
        self.events.append(Event(worker, "finished", record=record))

    def dismiss(self, worker):
        pass

    def wait(self, timeout_s):
        events, self.events = self.events, []
        return events


def test_a_worker_that_dies_costs_its_section_one_more_try(long_folder, jobs):
    crew = Sections(deadly=1)
    tasks = [ClipTask(clip) for clip in find_clips(long_folder, jobs[1].out)]
    schedule = Schedule(tasks, lambda: None, lambda task, reason: (task.clip.key, reason))
    found = [one for one in schedule.results(crew, 1) if one is not None]
    assert found == [("long.mp4", "section 2: it died, in 2 attempts")]
    assert crew.given == [("clip", 0, 1), ("section", 1, 1), ("section", 1, 2)]
    assert schedule.running == {"long.mp4": (10, 30)}


@pytest.mark.slow
def test_random_kills_of_a_split_clip(long_folder, pipeline, split_part, tmp_path):
    generator, kills, archives = random.Random(11), 0, 0
    while kills < 10:
        out, archives = tmp_path / f"out{archives}", archives + 1
        words = command(long_folder, out, *pipeline, "--split-minutes", SPLIT_S / 60)
        while not (out / "parts").exists() and kills < 10:
            process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
            process.before = []
            kills += killed(process, 6 * generator.random(), generator)
            if process.poll() is None:
                process.before = psutil.Process(process.pid).children(recursive=True)
            end(process)
        subprocess.run(words, stderr=subprocess.DEVNULL, check=True)
        assert (out / "parts/long.mp4.jsonl").read_bytes() == split_part
        assert ArchiveFolder(out).load("long.mp4").sections == 4
        assert not (out / "sections").exists()


@pytest.mark.slow
def test_ray_does_sections_and_loses_a_worker(long_folder, pipeline, split_part, tmp_path):
    pytest.importorskip("ray")
    out = tmp_path / "out"
    words = command(long_folder, out, *pipeline, "--split-minutes", SPLIT_S / 60, "--ray", "local")
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and not list(out.glob("work/*.jsonl")):
        time.sleep(0.02)
    busy = children(process, "ClipWorker.process")
    for actor in busy[:1]:
        actor.kill()
    _, said = process.communicate(timeout=200)
    assert process.returncode == 0, said
    assert busy, "no actor was at work"
    assert (out / "parts/long.mp4.jsonl").read_bytes() == split_part
    assert ArchiveFolder(out).load("long.mp4").sections == 4
