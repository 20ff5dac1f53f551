"""Build reports as tables: every engine a row, a failure and what was not run said in words."""

import json

from edge3dpose.reports import builds
from edge3dpose.reports import markdown as render


def report_of(engines: list[dict]) -> dict:
    facts = {"model": "m", "state": "trained", "precision": "int8", "backend": "tensorrt-rtx"}
    return {
        "schema": "edge3dpose.build/1",
        "time": "2026-01-02T03:04:05+00:00",
        "weights_sha256": "ab" * 32,
        **facts,
        "engines": engines,
    }


def engine(cut: int) -> dict:
    figures = {"mm_p50": 1.234, "mm_p99": 5.0, "mm_max": 7.0, "crops": 16, "ran": "the graph"}
    return {
        "cut": cut,
        "size_bytes": 12_345_678,
        "seconds": 3.21,
        "backend_version": "1.7",
        "parity": {**figures, "not_run": "the plan itself: no driver"},
    }


def test_a_report_of_builds_becomes_rows_and_says_what_was_not_run():
    rows = builds.build_rows(report_of([engine(1), engine(2), {"cut": 3, "failed": "too far"}]))
    assert "| 1 | 12.3 | 3.2 | 1.23 | 5.00 | 7.00 |" in rows
    assert "- cut 3 was not built: too far" in rows
    assert sum("not run: the plan itself: no driver" in row for row in rows) == 1


def test_it_is_part_of_the_page(tmp_path):
    (tmp_path / "engines.json").write_text(json.dumps(report_of([engine(1)])))
    page = render.report_page(render.read(tmp_path), tmp_path)
    assert "## engines.json" in page
    assert "**m** (trained) int8 for tensorrt-rtx 1.7, weights abababababab" in page
