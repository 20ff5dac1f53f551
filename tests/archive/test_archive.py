"""Clips -> parts: the poses of `run`, once each, whatever was done or damaged before."""

import json
import os
import shutil
from dataclasses import replace

import pytest
from click.testing import CliRunner

from edge3dpose.archive.folder import ArchiveFolder
from edge3dpose.archive.job import settled
from edge3dpose.archive.record import ClipRecord
from edge3dpose.archive.run_archive import Manpower, run_archive
from edge3dpose.archive.summary import summarize
from edge3dpose.cli import cli
from edge3dpose.errors import BadInput

ONE = Manpower(workers=1)


def states(out):
    return {record.clip: record.state for record in ArchiveFolder(out).records()}


def test_parts_are_what_run_writes_and_a_bad_clip_stops_nothing(
    folder, job, expected, parts_of, tmp_path
):
    place = shutil.copytree(folder, tmp_path / "again")
    (place / "bad.mp4").write_bytes(b"no video" * 99)
    (place / "empty.avi").touch()
    result = run_archive(place, job, Manpower(workers=2))
    assert result.workers == 2
    whole = {key: lines.replace(bytes(folder), bytes(place)) for key, lines in expected.items()}
    assert parts_of(job.out) == whole
    assert sorted(record.clip for record in result.failed) == ["bad.mp4", "empty.avi"]
    told = [json.loads(line) for line in (job.out / "failed.jsonl").read_text().splitlines()]
    assert [one["clip"] for one in told] == ["bad.mp4", "empty.avi"]
    assert "is no video" in told[0]["reason"]
    assert not (job.out / "work").exists()

    (place / "bad.mp4").unlink()
    shutil.copy(folder / "one.mp4", place / "empty.avi")  # mended
    os.utime(place / "one.mp4")  # only its time is new
    shutil.copy(folder / "four.mkv", place / "deep/two.mp4")  # another clip of the same name
    part = job.out / "parts/deep/three.mp4.jsonl"
    part.write_bytes(part.read_bytes()[:-9])  # half
    again = run_archive(place, job, ONE)
    assert again.skipped == 1
    assert sorted(record.clip for record in again.records) == [
        *("deep/three.mp4", "deep/two.mp4", "empty.avi", "one.mp4")
    ]
    assert again.failed == ()
    now = parts_of(job.out)
    assert now["deep/three.mp4"] == whole["deep/three.mp4"]
    assert now["deep/two.mp4"].splitlines()[1:] == whole["four.mkv"].splitlines()[1:]
    assert run_archive(place, job, ONE).records == ()

    told = summarize(job.out)
    assert (told.done, told.failed) == (5, 1)  # the clip that was removed still has its record
    assert told.frames == 8 + 4 + 10 + 4 + 8
    assert told.people >= 5
    assert told.video_s == pytest.approx(told.frames / 10, abs=0.2)


def test_another_pipeline_does_the_clips_again(folder, estimator, tmp_path):
    few = tmp_path / "clips.txt"
    few.write_text(f"# some\n\n{folder / 'four.mkv'}\nthere/is/none.mp4\n")
    job, _ = settled(estimator, tmp_path / "out", "jsonl")
    first = run_archive(few, job, ONE)
    assert [record.clip.partition("/")[0] for record in first.records] == ["elsewhere", "there"]
    assert "no video file" in first.failed[0].reason
    other, _ = settled({**estimator, "camera": 75.0}, tmp_path / "out", "jsonl")
    done = [record for record in run_archive(few, other, ONE).records if record.done]
    assert len(done) == 1
    assert done[0].pipeline["options"]["camera"] == 75.0
    parquet = replace(other, format="parquet")
    with pytest.raises(BadInput, match="holds parts as jsonl"):
        run_archive(few, parquet, ONE)


def test_a_parquet_archive_is_one_table(folder, estimator, expected, tmp_path):
    pandas, duckdb = pytest.importorskip("pandas"), pytest.importorskip("duckdb")
    pytest.importorskip("pyarrow")
    job, _ = settled(estimator, tmp_path / "out", "parquet")
    assert run_archive(folder, job, ONE).failed == ()
    rows = [
        (clip, line["frame"], line["time_s"], person["id"], *person["joints_mm"][13])
        for clip, content in expected.items()
        for line in map(json.loads, content.splitlines()[1:])
        for person in line["people"]
    ]
    joint = "left_wrist"
    query = f"""select clip, frame, time_s, person, {joint}_x_mm, {joint}_y_mm, {joint}_z_mm
                from '{job.out}/parts/**/*.parquet'"""
    table = duckdb.sql(query).fetchall()
    header = json.loads(expected["one.mp4"].splitlines()[0])
    assert header["joints"][13] == joint
    assert len(table) == len(rows)
    for found, wanted in zip(sorted(table), sorted(rows), strict=True):
        assert found[:4] == wanted[:4]
        assert found[4:] == pytest.approx(wanted[4:], rel=1e-6)
    frame = pandas.read_parquet(job.out / "parts" / "one.mp4.parquet")
    assert list(frame.columns[:7]) == [
        *("clip", "frame", "time_s", "person", "root_x_mm", "root_y_mm", "root_z_mm")
    ]
    assert len(frame.columns) == 7 + 17 * 6
    assert set(frame["clip"]) == {"one.mp4"}


def test_one_run_at_a_time(folder, job):
    with ArchiveFolder(job.out).held(), pytest.raises(BadInput, match="another run is archiving"):
        run_archive(folder, job, ONE)
    assert not (job.out / "archive.json").exists()


def test_a_full_disk_stops_before_the_next_clip(folder, job, monkeypatch):
    full = shutil.disk_usage(job.out.parent)._replace(free=10 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    with pytest.raises(BadInput, match=r"10 MB left; make room"):
        run_archive(folder, job, ONE)


def archive(*words):
    return CliRunner().invoke(cli, ["archive", *map(str, words)])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no video in "),
        ("\n# nothing\n", "names no clip"),
        (b"\x00\xff\xfe", "is no text"),
        ("a\0b", "is no text"),
    ],
)
def test_what_holds_no_clip_is_refused(tmp_path, content, said):
    source = tmp_path / "clips"
    if content is None:
        source.mkdir()
    else:
        source.write_bytes(content if isinstance(content, bytes) else content.encode())
    result = archive(source, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert said in result.output
    assert not (tmp_path / "out").exists()


def test_a_folder_of_other_files_is_left_alone(folder, job):
    job.out.mkdir()
    (job.out / "thesis.txt").touch()
    with pytest.raises(BadInput, match="holds other files"):
        run_archive(folder, job, ONE)
    result = archive("--summary", job.out)
    assert result.exit_code == 1
    assert "is no archive" in result.output


def test_a_summary_names_what_is_not_whole(tmp_path):
    place = tmp_path / "out"
    out = ArchiveFolder(place)
    out.begin("jsonl")
    about = {"state": "done", "mtime_ns": 1, "bytes": 5, "elapsed_s": 1.0}
    pipeline = {"model": "m", "cut": 7, "precision": "fp32", "backend": "b", "version": "1"}
    for clip, more in (
        ("whole.mp4", {"pipeline": pipeline, "frames": 10}),
        ("short.mp4", {"pipeline": pipeline | {"cut": 3}, "reason": "ends early: cut"}),
    ):
        out.save(ClipRecord(clip=clip, path=clip, **about, **more))
    plan = place / "sections" / "long.mp4" / "plan.json"
    plan.parent.mkdir(parents=True)
    plan.touch()
    lines = summarize(place).lines
    assert lines[0] == "clips     2 done, 1 of them ended early, 0 failed, 1 begun in sections"
    assert "pipeline  m cut 7 fp32 b, version 1: 1 clip" in lines
    assert any(line.startswith("mixed ") for line in lines)
    assert "early     short.mp4: ends early: cut" in lines


def test_a_stop_says_how_to_go_on(folder, tmp_path, monkeypatch):
    def stopped(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("edge3dpose.archive.run_archive.run_archive", stopped)
    words = ("--cut", 1, "--precision", "fp32", "--backend", "onnxruntime")
    result = archive(folder, "--out", tmp_path / "out", *words)
    assert result.exit_code == 1
    assert "stopped; the same command goes on from here" in result.output


def test_a_summary_of_nothing_counts_no_share(tmp_path):
    ArchiveFolder(tmp_path / "out").begin("jsonl")
    assert "%" not in "".join(summarize(tmp_path / "out").lines)


@pytest.mark.parametrize(
    "words", [(), ("clips",), ("clips", "--summary", "."), ("--summary", ".", "--cut", "3")]
)
def test_what_is_missing_is_said(words):
    assert archive(*words).exit_code == 2
