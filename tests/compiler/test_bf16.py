"""BF16 on a CPU: the FP32 graph, computed in half where that is asked for and can be."""

import numpy as np
import pytest

from edge3dpose import manifest
from edge3dpose.engine_types import EngineConfig
from edge3dpose.errors import BadInput, EngineMismatch
from edge3dpose.runtime.backends import openvino
from edge3dpose.selection.engine import ensure_built

IMAGES = np.random.default_rng(5).random((4, 3, 256, 256), np.float32)


def outputs(weights, precision, engines):
    path = ensure_built(EngineConfig(weights, 2, precision, "openvino"), engines)
    engine = openvino.PLUGIN.open_engine(path, weights.spec, threads=1)
    found = engine(IMAGES)
    engine.close()
    return path, found


@pytest.mark.skipif(not openvino.computes_bf16(), reason="this CPU does not compute in BF16")
def test_bf16_differs_a_little_and_its_manifest_says_by_how_much(small_weights, tmp_path):
    _, full = outputs(small_weights, "fp32", tmp_path)
    path, half = outputs(small_weights, "bf16", tmp_path)
    apart = np.abs(half - full)
    assert 0 < apart.max() < 0.02  # of the cube
    parity = manifest.verify(path).parity
    assert 0 < parity["mm_p50"] < parity["tolerance_mm"]["p50"]


def test_a_cpu_without_bf16_is_told_so_before_and_after_the_build(
    small_weights, tmp_path, monkeypatch
):
    monkeypatch.setattr(openvino, "computes_bf16", lambda: True)
    path = ensure_built(EngineConfig(small_weights, 2, "bf16", "openvino"), tmp_path)
    monkeypatch.setattr(openvino, "computes_bf16", lambda: False)
    with pytest.raises(BadInput, match="this CPU does not compute in it"):
        ensure_built(EngineConfig(small_weights, 2, "bf16", "openvino"), tmp_path)
    with pytest.raises(EngineMismatch, match="compute in BF16"):
        openvino.PLUGIN.open_engine(path, small_weights.spec)


def test_other_backends_have_no_bf16(small_weights, tmp_path):
    with pytest.raises(BadInput, match="bf16 is for openvino"):
        ensure_built(EngineConfig(small_weights, 2, "bf16", "onnxruntime"), tmp_path)
