"""From measured CPU time to cores and hours, and what reading alone costs."""

import importlib.util
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge3dpose.archive import report as reports
from edge3dpose.archive.run_archive import Manpower, run_archive
from edge3dpose.records import from_json, to_json
from edge3dpose.reports import archives, rows
from edge3dpose.reports.archive_rows import ArchiveReport, ReadingReport

ROOT = Path(__file__).parents[2]


def test_a_run_becomes_a_report(folder, job, tmp_path):
    begun = reports.header()
    result = run_archive(folder, job, Manpower(workers=1))
    report = reports.report_of(begun, result, job, ray=False)
    rows.save(report, tmp_path / "a.json")
    assert rows.load(ArchiveReport, tmp_path / "a.json") == report
    assert (report.clips, report.frames, report.failed) == (4, 8 + 12 + 10 + 4, 0)
    assert report.frame_sizes == {"720x1280": 4}
    assert report.cpu_s > 0
    assert 0 < report.worker_s <= report.elapsed_s + 0.1
    assert {"read", "engine", "frame"} <= set(report.stage_ms)
    table = archives.measured_table({"a.json": report}).markdown
    assert "sspnet-lite cut 1, onnxruntime fp32" in table
    assert f"| {report.workers} x {report.threads} |" in table
    assert result.frames_a_core_s == pytest.approx(report.frames / report.cpu_s, rel=1e-3)
    assert f"{result.frames_a_core_s:.1f} frames a core second" in result.text


def test_costs_are_linear_in_cpu_time(folder, job):
    result = run_archive(folder, job, Manpower(workers=1))
    content = to_json(reports.report_of(reports.header(), result, job, ray=False))
    content |= {"cpu_s": 10.0, "frames": 1000, "part_bytes": 1_000_000, "peak_mb": 500.0}
    report = from_json(ArchiveReport, content, "it")  # 10 ms and 1 kB a frame
    assert archives.core_hours(report) == pytest.approx(0.010 * 30 * 10_000)
    assert archives.camera_cores(report) == pytest.approx(0.010 * 15 * 200)
    cost = archives.cost_table({"a.json": report}).markdown
    assert "| 3,000 |" in cost
    assert "| 1.08 |" in cost  # TB: 10,000 h of 108,000 frames an hour
    assert "| 100 |" in cost  # GB for 200 processes


def test_reading_alone(folder, tmp_path):
    spec = importlib.util.spec_from_file_location("reading", ROOT / "benchmarks" / "reading.py")
    reading = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reading)
    out = tmp_path / "reading.json"
    done = CliRunner().invoke(reading.main, ["--root", str(folder), "--report", str(out)])
    assert done.exit_code == 0, done.output
    report = rows.load(ReadingReport, out)
    assert [clip.frames for clip in report.clips] == [10, 12, 4, 8]
    assert {clip.codec for clip in report.clips} == {"h264"}
    assert "one.mp4" in archives.reading_table(report).markdown


def test_one_by_one_is_one_worker_with_all_cores(folder, tmp_path):
    from edge3dpose import machine
    from edge3dpose.commands.archive import command

    words = [str(folder), "--out", str(tmp_path / "out"), "--one-by-one"]
    refused = CliRunner().invoke(command, [*words, "--workers", "2"])
    assert refused.exit_code == 2
    assert "--one-by-one" in refused.output
    report = tmp_path / "a.json"
    engine = ["--cut", "1", "--precision", "fp32", "--backend", "onnxruntime"]
    done = CliRunner().invoke(command, [*words, *engine, "--report", str(report)])
    assert done.exit_code == 0, done.output
    found = rows.load(ArchiveReport, report)
    assert (found.workers, found.threads) == (1, machine.usable_cores())
