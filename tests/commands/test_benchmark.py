"""edge3dpose benchmark through the real command on a small network, and its documents."""

import hashlib
import importlib.util
import json
import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge3dpose import models
from edge3dpose.bench import benchmark as library
from edge3dpose.cli import cli
from edge3dpose.records import from_json
from edge3dpose.reports import plots
from edge3dpose.reports.rows import SpeedReport

ROOT = Path(__file__).parents[2]


def run(*arguments):
    return CliRunner().invoke(cli, ["benchmark", *map(str, arguments)])


@pytest.fixture(scope="module")
def measured(small_weights, tmp_path_factory):
    """A report of two cuts on two backends, the first cut's error on the card."""
    folder = tmp_path_factory.mktemp("measured")
    card = models.read_card(small_weights.onnx)
    models.write_card(small_weights.onnx, card | {"cuts": {"1": {"mpjpe_mm": 123.4}}})
    done = run(
        *("--model", small_weights.spec.name, "--weights", small_weights.onnx),
        *("--cut", "1,2", "--backend", "onnxruntime,openvino", "--precision", "fp32"),
        *("--max-frames", 3, "--calls", 3, "--rounds", 2, "--engines", folder / "engines"),
        *("--report", folder / "machine.json", "--html", folder / "machine.html"),
    )
    models.write_card(small_weights.onnx, card)
    assert done.exit_code == 0, done.output
    return folder, done.output


def test_every_cut_and_backend_is_a_row_with_its_error_beside_its_speed(measured):
    folder, output = measured
    report = json.loads((folder / "machine.json").read_text(encoding="utf-8"))
    assert report["schema"] == "edge3dpose.speed/1"
    assert [(row["cut"], row["backend"]) for row in report["rows"]] == [
        *((1, "onnxruntime"), (2, "onnxruntime"), (1, "openvino"), (2, "openvino"))
    ]
    assert report["rows"][0]["error"] == {"mpjpe_mm": 123.4}
    for row in report["rows"]:
        assert row["engine"]["n"] == 6
        assert row["engine"]["p50_ms"] <= row["engine"]["p90_ms"] <= row["engine"]["p99_ms"]
        assert row["end_to_end"]["frames_processed"] == 6
        assert len(row["engine_sha256"]) == 64
        assert row["deviation_mm"] <= 0.1  # FP32, as the model's own file is
    assert report["machine"]["load_average"]
    assert report["machine"]["clocks"] is not None
    assert set(report["energy"]["counters"]) | set(report["energy"]["lacking"]) == {
        *("jtop", "nvml", "rapl")
    }
    assert report["frame_size"] == "720x1280"
    assert "123.4" in output
    assert "not measured" in output  # the second cut's error


def test_what_a_backend_cannot_be_is_left_out_and_said(small_weights, tmp_path):
    weights = ("--model", small_weights.spec.name, "--weights", small_weights.onnx)
    little = ("--max-frames", 2, "--calls", 2, "--rounds", 1, "--engines", tmp_path / "engines")
    ways = ("--backend", "onnxruntime", "--precision")
    report = tmp_path / "r.json"
    done = run(*weights, *little, *ways, "fp32,bf16", "--cut", 1, "--report", report)
    assert done.exit_code == 0, done.output
    assert "left out: --precision bf16 is for openvino" in done.output
    said = json.loads(report.read_text(encoding="utf-8"))
    assert [row["precision"] for row in said["rows"]] == ["fp32"]
    assert [row["precision"] for row in said["refused"]] == ["bf16"]
    alone = run(*weights, *little, *ways, "bf16", "--cut", 1)
    assert alone.exit_code == 1
    assert "bf16 is for openvino" in alone.output


def test_the_plot_lies_beside_the_report(measured):
    folder, _ = measured
    assert (folder / "machine.png").read_bytes().startswith(b"\x89PNG")


def test_memory_and_first_pose_are_those_of_the_best_cut_of_each_way(measured):
    folder, output = measured
    rows = json.loads((folder / "machine.json").read_text(encoding="utf-8"))["rows"]
    looked_at = [(row["cut"], row["backend"]) for row in rows if "footprint" in row]
    assert looked_at == [(1, "onnxruntime"), (1, "openvino")]  # the card knows its error alone
    for row in rows[::2]:
        found = row["footprint"]
        assert found["open_s"] > 0
        if sys.platform == "linux":
            assert 30 < found["peak_mb"] < 2000
            assert found["cpu_ms_per_frame"] > 0
    assert "memory and first pose" in output


def test_a_page_lies_where_it_was_asked_for(measured):
    folder, output = measured
    text = (folder / "machine.html").read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert "cut 2, openvino fp32" in text
    assert f"wrote {folder / 'machine.html'}" in output.replace("\n", "")


def test_a_report_is_taken_instead_of_measuring_and_compared(measured, tmp_path):
    folder, _ = measured
    new = folder / "machine.json"
    old = json.loads(new.read_text(encoding="utf-8"))
    for row in old["rows"]:
        row["engine"]["rounds_p50_ms"] = [ms * 2 for ms in (1.0, 1.01, 1.02, 1.03, 1.04)]
    quicker = json.loads(json.dumps(old))
    for row in quicker["rows"]:
        row["engine"]["rounds_p50_ms"] = [1.0, 1.01, 1.02, 1.03, 1.04]
    (tmp_path / "old.json").write_text(json.dumps(old))
    (tmp_path / "new.json").write_text(json.dumps(quicker))
    done = run(
        *("--measured", tmp_path / "new.json", "--compare", tmp_path / "old.json"),
        *("--html", tmp_path / "page.html"),
    )
    assert done.exit_code == 0, done.output
    assert done.output.count("faster") >= 4
    assert "faster (0.50x, 0.48 to 0.52)" in (tmp_path / "page.html").read_text(encoding="utf-8")
    old["machine"]["processor"] = "Another"
    (tmp_path / "old.json").write_text(json.dumps(old))
    done = run("--measured", new, "--compare", tmp_path / "old.json")
    assert done.exit_code == 0, done.output
    assert "Times are not compared: the machines differ" in " ".join(done.output.split())
    assert "faster (" not in done.output


PEER = """
from types import SimpleNamespace as Names
__version__ = "0.0"
class Pose:
    def __init__(self, model_complexity):
        if model_complexity == 2:
            raise OSError("no network")
    def process(self, image):
        assert image.shape == (1280, 720, 3)
        return Names(pose_world_landmarks=[image])
solutions = Names(pose=Names(Pose=Pose))
print("words that nobody asked for")
"""


@pytest.fixture
def like_mediapipe(tmp_path, monkeypatch):
    """A package with MediaPipe's interface and no network in it, for the peer's process alone."""
    package = tmp_path / "packages" / "mediapipe"
    (package / "modules" / "pose_landmark").mkdir(parents=True)
    (package / "modules" / "pose_landmark" / "pose_landmark_full.tflite").write_bytes(b"model")
    (package / "__init__.py").write_text(PEER)
    monkeypatch.setenv("PYTHONPATH", str(package.parent), prepend=os.pathsep)


def test_a_peer_is_measured_over_the_same_frames_in_the_same_run(
    small_weights, like_mediapipe, tmp_path
):
    done = run(
        *("--model", small_weights.spec.name, "--weights", small_weights.onnx, "--cut", 1),
        *("--max-frames", 4, "--calls", 2, "--rounds", 2, "--engines", tmp_path / "engines"),
        *("--against", "mediapipe", "--report", tmp_path / "r.json"),
    )
    assert done.exit_code == 0, done.output
    (peer,) = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["peers"]
    assert (peer["name"], peer["version"]) == ("mediapipe-full", "0.0")
    assert peer["model_sha256"] == hashlib.sha256(b"model").hexdigest()
    assert peer["end_to_end"]["frames_processed"] == 8
    assert peer["end_to_end"]["frames_with_people"] == 8
    assert peer["footprint"]["first_pose_s"] >= 0
    assert peer["error"] == {}  # no report is of that model
    assert "not measured" in done.output


def test_a_peers_model_that_is_not_there_is_one_line(like_mediapipe):
    done = run("--against", "mediapipe,mediapipe-heavy")
    assert done.exit_code == 1
    assert "no pose_landmark_heavy.tflite (no network); put one into" in done.output


def test_a_peer_that_is_not_installed_is_one_line_with_what_to_type():
    if importlib.util.find_spec("mediapipe"):
        pytest.skip("mediapipe is installed here")
    done = run("--against", "mediapipe")
    assert done.exit_code == 1
    (line,) = [line for line in done.output.splitlines() if line.startswith("Error")]
    assert "No module named 'mediapipe'" in line
    assert "--against-python peers/bin/python" in line


@pytest.mark.parametrize(
    "arguments",
    [
        ("--quick", "--calls", 3),
        ("--official", "--rounds", 9),
        ("--quick", "--official"),
        ("--measured", "a.json", "--cut", 3),
        ("--trace", "a.json"),
    ],
)
def test_options_that_contradict_each_other_are_usage_errors(arguments):
    assert run(*arguments).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--backend", "onnxruntime,nothing"], "--backend 'nothing'"),
        (["--precision", "fp8"], "--precision 'fp8'"),
        (["--cut", "99"], "no cut 99"),
        (["--source", "gone.mp4"], "no file or folder gone.mp4"),
        (["--against", "somebody"], "--against 'somebody'"),
        (["--against", "mediapipe", "--source", str(ROOT / "docs")], "--against needs a clip"),
        (["--compare", "gone.json"], "there is no file gone.json"),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_code_1(small_weights, arguments, said):
    done = run("--model", small_weights.spec.name, "--weights", small_weights.onnx, *arguments)
    assert done.exit_code == 1
    assert said in done.output.splitlines()[-1]


def test_a_source_without_people_is_refused(small_weights, tmp_path):
    import cv2
    import numpy as np

    cv2.imwrite(str(tmp_path / "grey.png"), np.full((240, 320, 3), 127, np.uint8))
    done = run(
        *("--model", small_weights.spec.name, "--weights", small_weights.onnx),
        *("--source", tmp_path / "grey.png"),
    )
    assert done.exit_code == 1
    assert "nobody is found" in done.output


def test_a_chart_without_matplotlib_is_one_line_before_anything_is_measured(monkeypatch, tmp_path):
    monkeypatch.setattr(plots, "available", lambda: False)
    for option in ("--html", "--plot"):
        done = run("--source", "gone.mp4", option, tmp_path / "file")
        assert done.exit_code == 1
        (line,) = done.output.strip().splitlines()
        assert line == f"Error: {option} needs matplotlib: pip install 'edge3dpose[plot]'"


def test_without_matplotlib_a_report_has_no_chart_beside_it(measured, monkeypatch, tmp_path):
    folder, _ = measured
    content = json.loads((folder / "machine.json").read_text(encoding="utf-8"))
    monkeypatch.setattr(plots, "available", lambda: False)
    monkeypatch.setattr(library, "benchmark", lambda **how: from_json(SpeedReport, content, "r"))
    done = run("--report", tmp_path / "r.json")
    assert done.exit_code == 0, done.output
    assert json.loads((tmp_path / "r.json").read_text(encoding="utf-8")) == content
    assert [file.name for file in tmp_path.iterdir()] == ["r.json"]


def test_a_report_with_a_wrong_field_is_one_line_that_names_it(measured, tmp_path):
    folder, _ = measured
    broken = json.loads((folder / "machine.json").read_text(encoding="utf-8"))
    del broken["rows"][1]["engine"]["p50_ms"]
    (tmp_path / "r.json").write_text(json.dumps(broken))
    done = run("--measured", tmp_path / "r.json")
    assert done.exit_code == 1
    assert done.output.strip() == f"Error: {tmp_path / 'r.json'}: rows[1].engine.p50_ms is missing"


def test_a_report_of_another_model_is_refused_before_anything_is_measured(monkeypatch):
    monkeypatch.setattr("edge3dpose.commands.benchmark._measure", None)
    old = ROOT / "benchmarks" / "cpu-epyc-2-cores.json"
    done = run("--model", "hemlets-edge", "--compare", old)
    assert done.exit_code == 1
    assert "of sspnet-lite and hemlets-edge: nothing to compare" in done.output
