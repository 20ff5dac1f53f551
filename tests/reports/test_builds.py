"""Build reports as tables: every engine a row, a failure and what was not run said in words."""

from speed_reports import PARITY, machine

from edge3dpose.records import from_json
from edge3dpose.reports import builds
from edge3dpose.reports.build_rows import BuildReport


def report_of(engines: list[dict]) -> BuildReport:
    facts = {"model": "m", "state": "trained", "precision": "int8", "backend": "tensorrt-rtx"}
    content = {
        "schema": "edge3dpose.build/1",
        "time": "2026-01-02T03:04:05+00:00",
        "machine": machine(),
        "weights_sha256": "ab" * 32,
        **facts,
        "engines": engines,
    }
    return from_json(BuildReport, content, "the test")


def engine(cut: int) -> dict:
    parity = PARITY | {"mm_p50": 1.234, "mm_p99": 5.0, "mm_max": 7.0, "ran": "the graph"}
    return {
        "cut": cut,
        "size_bytes": 12_345_678,
        "sha256": "e" * 64,
        "seconds": 3.21,
        "nodes": 70,
        "backend_version": "1.7",
        "parity": {**parity, "not_run": "the plan itself: no driver"},
        "calibration": None,
    }


def test_a_report_of_builds_becomes_rows_and_says_what_was_not_run():
    report = report_of([engine(1), engine(2), {"cut": 3, "failed": "too far"}])
    assert "| 1 | 12.3 | 3.2 | 1.23 | 5.00 | 7.00 |" in builds.engines_table(report).markdown
    notes = builds.notes(report)
    assert "cut 3 was not built: too far" in notes
    assert sum("not run: the plan itself: no driver" in note for note in notes) == 1


def test_its_headline_names_model_precision_backend_and_weights():
    headline = builds.headline(report_of([engine(1)]))
    assert "m (trained) int8 for tensorrt-rtx 1.7, weights abababababab" in headline
