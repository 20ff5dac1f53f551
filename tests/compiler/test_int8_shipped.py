"""The shipped network in INT8, with the shipped ranges, on the processor of this machine."""

import pytest

from edge3dpose import models, paths
from edge3dpose.compiler import build
from edge3dpose.compiler.engine_key import key_of
from edge3dpose.engine_types import EngineConfig

RANGES = paths.PACKAGE.parent / "calibration" / "sspnet-lite.ranges.json"


@pytest.mark.skipif(not RANGES.is_file(), reason="the ranges lie in a checkout")
@pytest.mark.parametrize("backend", ["openvino", "onnxruntime"])
def test_int8_is_near_fp32_whatever_the_processor_multiplies(tmp_path, backend):
    pytest.importorskip(backend)
    weights = models.open_weights(models.find("sspnet-lite"))
    key = key_of(EngineConfig(weights, 7, "int8", backend), ranges_file=RANGES)
    made = build.build(key, tmp_path)
    assert made.parity["mm_p50"] < 8  # 8 bits: 3.5 mm, 7 bits: 5.2, with overflows 16.8
    assert made.parity["mm_p99"] < 30


@pytest.mark.skipif(not RANGES.is_file(), reason="the ranges lie in a checkout")
def test_the_shipped_ranges_are_found_whatever_home_is(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGE3DPOSE_HOME", str(tmp_path))
    weights = models.open_weights(models.find("sspnet-lite"))
    assert key_of(EngineConfig(weights, 7, "int8", "onnxruntime")).ranges is not None
