"""TensorRT engines on a real device: equal to the graph, from the host and from device memory."""

import importlib.util

import numpy as np
import pytest
from standing import SPEC, unit_pose, write_weights

from edge3dpose import models, nvidia, rooms
from edge3dpose.compiler.build import ensure_engine
from edge3dpose.errors import EngineMismatch
from edge3dpose.runtime.cuda import open_stream

PACKAGES = {"tensorrt": "tensorrt", "tensorrt-rtx": "tensorrt_rtx"}
PROBLEM = nvidia.probe().problem or (
    "" if importlib.util.find_spec("cuda") else "cuda-bindings is not installed"
)

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(bool(PROBLEM), reason=PROBLEM),
    pytest.mark.parametrize("backend", sorted(PACKAGES)),
]


@pytest.fixture
def plan(tmp_path, backend):
    pytest.importorskip(PACKAGES[backend])
    weights = models.open_weights(SPEC, write_weights(tmp_path, unit_pose()))
    return ensure_engine(weights, 3, "fp32", backend, engines=tmp_path / "engines")


def test_a_plan_answers_as_its_graph_does(plan, backend):
    engine = rooms.load("runtime.backends", backend).open_engine(plan, SPEC)
    images = np.random.default_rng(0).random((3, 3, 256, 256), np.float32)
    for _ in range(3):  # the captured graph is launched again and again
        assert np.allclose(engine(images), unit_pose(), atol=1e-4)
    engine.close()
    engine.close()


def test_device_memory_goes_in_and_comes_out(plan, backend):
    engine = rooms.load("runtime.backends", backend).open_engine(plan, SPEC)
    stream = open_stream("tensorrt")
    images, poses = stream.device_array((1, 3, 256, 256)), stream.host_array((1, 17, 4))
    stream.upload(stream.host_array((1, 3, 256, 256)), images)
    found = engine(images)
    copy = stream.device_array((1, 17, 4))
    stream.take(found, copy)
    stream.download(copy, poses)
    stream.synchronize()
    assert np.allclose(poses, unit_pose(), atol=1e-4)
    stream.close()
    engine.close()


def test_a_plan_that_was_changed_is_not_opened(plan, backend):
    content = bytearray(plan.read_bytes())
    content[-100] ^= 1
    plan.write_bytes(content)
    with pytest.raises(EngineMismatch, match="SHA-256"):
        rooms.load("runtime.backends", backend).open_engine(plan, SPEC)
