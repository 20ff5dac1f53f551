"""ONNX Runtime's CUDA provider on a real device: equal to the CPU, replayed as a graph."""

import numpy as np
import pytest
import small_net
from crop_model import by_numpy
from standing import SPEC

from edge3dpose import nvidia
from edge3dpose.engine_types import EngineRequest
from edge3dpose.runtime import backends
from edge3dpose.runtime.preprocess import view_of
from edge3dpose.selection.defaults import best_backend, resolve
from edge3dpose.selection.engine import open_engine
from edge3dpose.types import Box

PROBLEM = backends.find("onnxruntime-cuda").problem()

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(bool(PROBLEM), reason=PROBLEM)]


def engine_of(weights, backend, precision, folder):
    request = EngineRequest(SPEC.name, weights.onnx, 7, precision, backend)
    return open_engine(resolve(request), folder)


@pytest.mark.parametrize(("precision", "most"), [("fp32", 1e-4), ("fp16", 2e-2)])
def test_the_gpu_answers_as_the_cpu_does(tmp_path, precision, most):
    weights = small_net.write(tmp_path)
    wanted = engine_of(weights, "onnxruntime", "fp32", tmp_path / "engines")
    engine = engine_of(weights, "onnxruntime-cuda", precision, tmp_path / "engines")
    rng = np.random.default_rng(0)
    for _ in range(4):  # the captured graph is replayed on other pictures
        images = rng.random((2, 3, 256, 256), np.float32)
        assert np.allclose(engine(images), wanted(images), atol=most)
    engine.close()
    engine.close()


def test_people_are_cut_out_on_the_device(tmp_path):
    engine = engine_of(small_net.write(tmp_path), "onnxruntime-cuda", "fp32", tmp_path / "engines")
    if not engine.cuts_crops:
        pytest.skip("NVRTC is not here")
    picture = np.random.default_rng(1).integers(0, 256, (720, 1280, 3), np.uint8)
    views = [view_of(Box(300, 100, 700, 500, angle_rad=0.3), 256)]
    wanted = engine(np.stack([by_numpy(picture, view, SPEC) for view in views]))
    for _ in range(2):
        assert np.allclose(engine.infer_crops(picture, views), wanted, atol=1e-4)
    engine.close()


def test_it_is_taken_where_tensorrt_is_not():
    backend, why = best_backend()
    assert nvidia.probe().devices[0].name in why
    if not any(backends.find(n).problem() == "" for n in ("tensorrt", "tensorrt-rtx")):
        assert backend == "onnxruntime-cuda"
