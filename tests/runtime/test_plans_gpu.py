"""TensorRT engines on a real device: equal to the graph, from the host and from device memory."""

import importlib.util

import numpy as np
import pytest
import small_net
from crop_model import by_numpy
from standing import SPEC, unit_pose, write_weights
from test_gpu_crop import as_nv12

from edge3dpose import models, nvidia
from edge3dpose.engine_types import EngineConfig
from edge3dpose.errors import EngineMismatch
from edge3dpose.runtime import backends
from edge3dpose.runtime.cuda import open_stream
from edge3dpose.runtime.preprocess import view_of
from edge3dpose.selection.engine import ensure_built
from edge3dpose.types import Box

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
    return ensure_built(EngineConfig(weights, 3, "fp32", backend), tmp_path / "engines")


@pytest.fixture
def plan_of_small(tmp_path, backend):
    """Plan of a cut of a network whose poses depend on the picture."""
    pytest.importorskip(PACKAGES[backend])
    weights = small_net.write(tmp_path / "small")
    return lambda cut: ensure_built(
        EngineConfig(weights, cut, "fp32", backend), tmp_path / "engines"
    )


def test_a_plan_answers_as_its_graph_does(plan, backend):
    engine = backends.find(backend).open_engine(plan, SPEC)
    images = np.random.default_rng(0).random((3, 3, 256, 256), np.float32)
    for _ in range(3):  # the captured graph is launched again and again
        assert np.allclose(engine(images), unit_pose(), atol=1e-4)
    engine.close()
    engine.close()


def test_device_memory_goes_in_and_comes_out(plan, backend):
    engine = backends.find(backend).open_engine(plan, SPEC)
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


def test_people_are_cut_out_on_the_device_as_on_the_cpu(plan_of_small, backend):
    # the kernel, the network and the way back, as one graph: twice, for the second is a replay
    engine = backends.find(backend).open_engine(plan_of_small(7), SPEC)
    picture = np.random.default_rng(1).integers(0, 256, (720, 1280, 3), np.uint8)
    views = [
        view_of(Box(300, 100, 700, 500, angle_rad=0.3), 256),
        view_of(Box(-200, -300, 1400, 1300), 256),
    ]
    for shown in (picture, picture[:, ::-1], as_nv12(picture)):
        wanted = engine(np.stack([by_numpy(shown, view, SPEC) for view in views]))
        for _ in range(2):
            assert np.allclose(engine.infer_crops(shown, views), wanted, atol=1e-4)
    engine.close()


def test_several_cuts_share_their_memory_and_take_turns(plan_of_small, backend):
    plugin = backends.find(backend)
    files = {cut: plan_of_small(cut) for cut in (1, 7, 13)}
    images = np.random.default_rng(2).random((1, 3, 256, 256), np.float32)
    wanted = {}
    for cut, file in files.items():
        alone = plugin.open_engine(file, SPEC)
        wanted[cut] = alone(images)
        alone.close()
    together = plugin.open_engines(files, SPEC)
    for cut in (1, 7, 13, 7, 1, 13):
        assert np.allclose(together[cut](images), wanted[cut], atol=1e-4)
    together[13].close()
    assert np.allclose(together[7](images), wanted[7], atol=1e-4)
    for engine in together.values():
        engine.close()


def test_a_plan_that_was_changed_is_not_opened(plan, backend):
    content = bytearray(plan.read_bytes())
    content[-100] ^= 1
    plan.write_bytes(content)
    with pytest.raises(EngineMismatch, match="SHA-256"):
        backends.find(backend).open_engine(plan, SPEC)
