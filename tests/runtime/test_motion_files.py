"""Files of motion at the end of a run: all formats, what a kill leaves, what is too much."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import moving
import numpy as np
import pytest

from edge3dpose import exporters
from edge3dpose.poses_file import read_poses
from edge3dpose.runtime.pipeline import Pipeline
from edge3dpose.runtime.sinks import SinkContext, _export, open_all
from edge3dpose.runtime.sources import Source
from edge3dpose.types import Frame

FORMATS = ("bvh", "c3d", "csv", "mot", "parquet", "trc")
ENDLESS = """
import sys
from pathlib import Path
import test_motion_files as t
sinks = t.open_all({"save_bvh": Path(sys.argv[1]), "save_csv": Path(sys.argv[2])}, t.ABOUT)
t.Pipeline(t.Film(10**9, pause_s=0.005), t.people()).run(sinks)
"""
ABOUT = SinkContext(source="film", fps=30.0, header={"source": "film"})


class Film(Source):
    """Frames without an end, or so many."""

    def __init__(self, frames, pause_s=0.0):
        self._frames, self._pause_s = frames, pause_s

    def __iter__(self):
        image = np.zeros((72, 128, 3), np.uint8)
        for index in range(self._frames):
            if self._pause_s:
                time.sleep(self._pause_s)
            yield Frame(image, index, index / 30, moving.CAMERA)


def people(count=1):
    """Who is seen in a frame: people in motion, over and over."""
    joints = moving.joints_mm(np.random.default_rng(2), moving.stick_rig())
    poses = [moving.poses_of(joints, n, (900.0 * n, 0, 3500)) for n in range(1, 1 + count)]
    return lambda frame: [one[frame.index % len(one)] for one in poses]


def run(folder, frames=60, seen=None, **names):
    """What a run says at its end; names by option."""
    values = {name: folder / file for name, file in names.items()}
    sinks = open_all(values, ABOUT)
    return Pipeline(Film(frames), seen or people()).run(sinks).said


@pytest.mark.parametrize("form", FORMATS)
def test_a_run_writes_what_export_writes(tmp_path, form):
    out = f"live.{form}"
    (said,) = run(tmp_path, jsonl="poses.jsonl", **{f"save_{form}": out})
    assert said.startswith(f"{tmp_path / out}: ")
    exporters.export(tmp_path / "poses.jsonl", form, tmp_path / f"later.{form}")
    assert sorted(os.listdir(tmp_path)) == sorted(["poses.jsonl", out, f"later.{form}"])
    live, later = ((tmp_path / f"{name}.{form}").read_bytes() for name in ("live", "later"))
    assert abs(len(live) - len(later)) < 0.05 * len(later)  # tenths of mm, and their header


def test_nothing_else_is_left_at_the_end(tmp_path):
    run(tmp_path, save_bvh="a.bvh", save_trc="a.trc")
    assert sorted(os.listdir(tmp_path)) == ["a.bvh", "a.trc"]
    said = run(tmp_path, frames=5, save_bvh="b.bvh")
    assert "nobody was seen" in said[0]
    assert sorted(os.listdir(tmp_path)) == ["a.bvh", "a.trc"]


@pytest.mark.skipif(os.name != "posix", reason="kill -9 of POSIX")
def test_a_kill_leaves_a_journal_that_export_makes_the_files_of(tmp_path):
    support = Path(moving.__file__).parent
    paths = [*sys.path, str(support), str(Path(__file__).parent)]
    where = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    words = [sys.executable, "-c", ENDLESS, tmp_path / "a.bvh", tmp_path / "a.csv"]
    journal, end = tmp_path / "a.bvh.part.jsonl", time.monotonic() + 60
    with subprocess.Popen(words, env=where, stderr=subprocess.PIPE) as program:
        while not journal.exists() or journal.stat().st_size < 100_000:
            assert program.poll() is None, program.stderr.read().decode()
            assert time.monotonic() < end
            time.sleep(0.02)
        size = journal.stat().st_size
        program.kill()
        program.wait()
    assert journal.stat().st_size >= size  # nothing waits in the process
    frames = [frame.index for frame in read_poses(journal)]
    assert frames == [*range(len(frames))]
    assert len(frames) > 20
    for form in ("bvh", "csv"):
        assert f", {len(frames)} frames" in exporters.export(
            journal, form, tmp_path / f"saved.{form}"
        )
    said = run(tmp_path, save_bvh="a.bvh")  # the next run leaves it there
    assert said[0].startswith(f"{tmp_path / 'a.bvh'}: ")
    assert (tmp_path / "a.bvh.part-1.jsonl").exists()


def test_a_camera_that_was_measured_in_the_room_sets_the_floor_of_a_run(tmp_path):
    class Mounted(Film):
        def __iter__(self):
            camera = replace(moving.CAMERA, up=(0.0, -0.8, -0.6), above_floor_mm=2500.0)
            return (replace(frame, camera=camera) for frame in super().__iter__())

    sinks = open_all({"save_trc": tmp_path / "a.trc", "jsonl": tmp_path / "a.jsonl"}, ABOUT)
    (said,) = Pipeline(Mounted(30), people()).run(sinks).said
    assert "floor of the measured camera: camera looks 36.9 degrees down" in said
    later = exporters.export(tmp_path / "a.jsonl", "trc", tmp_path / "b.trc")
    assert later.partition(": ")[2] == said.partition(": ")[2]


def test_what_is_too_much_is_told_and_in_the_journal(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(_export, "MOST_POSES", 40)
    said = run(tmp_path, save_trc="a.trc")
    assert "40 frames" in said[0]
    assert said[1] == f"{tmp_path / 'a.trc'}: full; 20 poses after that are left out"
    assert said[2] == f"all poses are in {tmp_path / 'a.trc.jsonl'}, for edge3dpose export"
    assert caplog.text.count("is full") == 1
    assert len(list(read_poses(tmp_path / "a.trc.jsonl"))) == 60


def test_a_file_that_cannot_be_made_fails_the_run_and_the_poses_are_kept(tmp_path):
    pytest.importorskip("scipy", reason="scipy is not installed (extra files)")
    values = {"save_bvh": tmp_path / "a.bvh", "clean": True, "cutoff_hz": 50.0}
    summary = Pipeline(Film(60), people()).run(open_all(values, ABOUT))
    assert summary.failure.startswith(f"no {tmp_path / 'a.bvh'}: a cutoff of 50 Hz")
    assert summary.said == (f"all poses are in {tmp_path / 'a.bvh.jsonl'}, for edge3dpose export",)
    assert os.listdir(tmp_path) == ["a.bvh.jsonl"]


def test_a_file_of_an_earlier_run_is_moved_aside(tmp_path):
    for form in FORMATS:
        for _ in range(2):
            run(tmp_path, seen=people(2 if form in ("csv", "parquet") else 1), **{
                f"save_{form}": f"a.{form}"
            })  # fmt: skip
        assert (tmp_path / f"a-1.{form}").exists()
