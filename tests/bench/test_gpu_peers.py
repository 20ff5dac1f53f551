"""benchmarks/gpu_peers.py without a GPU: PyTorch and ONNX Runtime, equal poses, honest shares."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

pytest.importorskip("torch", reason="PyTorch is not installed")

SCRIPTS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def limits():
    """The script's other half, which is no package."""
    found = importlib.util.spec_from_file_location("limits", SCRIPTS / "limits.py")
    module = importlib.util.module_from_spec(found)
    sys.modules["limits"] = module  # its dataclasses look themselves up
    found.loader.exec_module(module)
    return module


def one_convolution():
    """3 -> 8 channels, 3x3, over 10x12 cells; the head adds nothing that counts."""
    weights = numpy_helper.from_array(np.ones((8, 3, 3, 3), np.float32), "w")
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["images", "w"], ["maps"], name="conv", pads=[1] * 4),
            helper.make_node("Relu", ["maps"], ["cut01"], name="relu"),
        ],
        "one",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["N", 3, 10, 12])],
        [helper.make_tensor_value_info("cut01", TensorProto.FLOAT, ["N", 8, 10, 12])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.checker.check_model(model)
    return model


def test_what_a_convolution_computes_and_moves_is_counted(limits):
    work = limits.work_of(one_convolution(), "cut01", half=False)
    weights, picture, maps = 8 * 27, 3 * 120, 8 * 120
    assert work.gflop == pytest.approx(2 * weights * 120 / 1e9)
    assert work.least_mb == pytest.approx(4 * (weights + picture + maps) / 1e6)
    assert work.layers_mb == pytest.approx(4 * (weights + picture + maps) / 1e6)
    half = limits.work_of(one_convolution(), "cut01", half=True)
    assert half.layers_mb == pytest.approx(work.layers_mb / 2)
    assert half.gflop == work.gflop


def test_a_share_is_what_was_done_over_what_could_be(limits):
    best = limits.better(limits.Limits(2.0, 50.0), limits.Limits(1.0, 100.0))
    reached = limits.shares(limits.Work(10.0, 20.0, 50.0), best, 0.01)
    assert reached == {
        "arithmetic": 0.5,
        "bandwidth_least": 0.02,
        "bandwidth_layers": 0.05,
    }


def test_peers_take_part_in_turn_and_say_the_same(tmp_path):
    report = tmp_path / "peers.json"
    line = [sys.executable, str(SCRIPTS / "gpu_peers.py"), "--model", "sspnet-lite", "--cut", "1"]
    line += ["--torch", "eager", "--backend", "onnxruntime,tensorrt", "--quick", "--people", "2"]
    done = subprocess.run(
        [*line, "--report", str(report)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    content = json.loads(report.read_text())
    rows = {row["executor"]: row for row in content["rows"]}
    assert set(rows) == {"torch eager", "onnxruntime", "tensorrt"}
    if content["device"] == "CPU":
        assert "tensorrt" in rows["tensorrt"]["failed"]
    for name in ("torch eager", "onnxruntime"):
        row = rows[name]
        assert row["engine"]["n"] == 10
        assert row["differs_mm"]["max"] < 5
        assert 0.1 < row["work"]["gflop"] < 2
        shares = row["share_of_limits"]
        assert shares["arithmetic"] > 0
        assert shares["bandwidth_least"] < shares["bandwidth_layers"]
        assert f"| sspnet-lite | 1 | {name} |" in done.stdout
