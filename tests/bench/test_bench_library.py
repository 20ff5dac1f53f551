"""edge3dpose.benchmark and edge3dpose.tune as a program calls them: typed results, no printing."""

import json

import pytest
import standing
from standing import SPEC

import edge3dpose
from edge3dpose import errors
from edge3dpose.bench import benchmark as bench_module
from edge3dpose.bench.benchmark import BenchmarkRequest
from edge3dpose.bench.plan import Plan
from edge3dpose.records import from_json, to_json
from edge3dpose.reports.rows import SpeedReport


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Weights that see a standing adult everywhere, and a folder for engines."""
    folder = tmp_path_factory.mktemp("standing")
    standing.write_weights(folder, standing.unit_pose(), standing.CUTS)
    return folder


def test_a_benchmark_gives_a_typed_report_and_prints_nothing(place, monkeypatch, capfd):
    open_detectors = standing.count_open(monkeypatch, bench_module)
    shares = {}
    request = BenchmarkRequest(
        weights=place / f"{SPEC.name}.onnx",
        engines=place / "engines",
        cut="3,7",
        precision="fp32,int8",
        plan=Plan(rounds=1, calls=2, warm_up=1, frames=2),
    )
    report = edge3dpose.benchmark(
        request, backend="openvino", progress=lambda what, share: shares.update({what: share})
    )
    assert open_detectors == {}  # each is closed
    assert [(row.cut, row.precision) for row in report.rows] == [(3, "fp32"), (7, "fp32")]
    assert [(one.cut, one.precision) for one in report.refused] == [(3, "int8"), (7, "int8")]
    assert "needs ranges" in report.refused[0].why
    for row in report.rows:
        assert row.engine.n == row.end_to_end.frames_processed == 2
        assert row.deviation_mm == 0.0
    assert [row.footprint is not None for row in report.rows] == [False, True]  # the best cut's
    assert shares["engines alone"] == shares["end to end"] == 1.0
    assert from_json(SpeedReport, json.loads(json.dumps(to_json(report))), "r") == report
    assert capfd.readouterr() == ("", "")


def test_what_a_benchmark_cannot_measure_is_bad_input(place):
    weights = place / f"{SPEC.name}.onnx"
    with pytest.raises(errors.BadInput, match="wanted auto or some of"):
        edge3dpose.benchmark(weights=weights, backend="nothing")
    with pytest.raises(errors.BadInput, match="no cut 99"):
        edge3dpose.benchmark(weights=weights, cut=99)
    with pytest.raises(TypeError, match="cuts"):
        edge3dpose.benchmark(cuts=3)


def test_tune_gives_its_points_and_prints_nothing(place, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("EDGE3DPOSE_HOME", str(tmp_path))
    few = {"cut": "3,7", "backend": "openvino", "rounds": 1, "calls": 2, "threads": 1}
    files = {"weights": place / f"{SPEC.name}.onnx", "engines": place / "engines"}
    result = edge3dpose.tune(**few, **files)
    assert result.file.is_file()
    assert {point.cut for point in result.points} == {3, 7}
    assert {one.precision for one in result.left_out} >= {"int8"}
    assert result.other_stages_ms > 0
    assert capfd.readouterr() == ("", "")
