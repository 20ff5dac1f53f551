"""The GPU's side of an engine, run on the CPU: order on the stream, graphs, buffers, crops.

CUDA is stood for by cuda_on_cpu, the network by a mean over the picture's cells; the kernel is
crop.cu's own source. That a device does the same is what test_plans_gpu.py asks where there is one.
"""

import ctypes

import numpy as np
import pytest
import small_net
from crop_model import CompiledKernels, by_numpy
from cuda_on_cpu import Cuda
from standing import SPEC
from test_gpu_crop import as_nv12

from edge3dpose.errors import BadInput
from edge3dpose.runtime.backends import _bound_engine
from edge3dpose.runtime.backends._execution_buffers import ExecutionBuffers
from edge3dpose.runtime.backends._plan_engine import PlanEngine
from edge3dpose.runtime.cuda import Stream
from edge3dpose.runtime.preprocess import view_of
from edge3dpose.types import Box

PICTURE = np.random.default_rng(8).integers(0, 256, (300, 400, 3), np.uint8)
VIEWS = [
    view_of(box, SPEC.input_size)
    for box in (Box(20, 30, 200, 210), Box(-50, -60, 390, 300, angle_rad=0.4))
]
IMAGES = np.random.default_rng(9).random((3, 3, 256, 256), np.float32)


def network(images, gain):
    """(3, 256, 256) -> (17, 4): any fixed function that depends on every cell."""
    cells = images[:, :255, :].reshape(3, 17, 15, 4, 64).mean(axis=(0, 2, 4), dtype=np.float64)
    return (gain * cells).astype(np.float32)


class Context:
    """An execution context: reads and writes at its tensor addresses, in stream order."""

    def __init__(self, cuda, gain):
        self.cuda, self.gain, self.at = cuda, gain, {}

    def set_tensor_address(self, name, pointer):
        self.at[name] = pointer

    def execute_async_v3(self, stream):
        assert stream == 77
        self.cuda.put(self.run)
        return True

    def run(self):
        images = np.ctypeslib.as_array(
            (ctypes.c_float * (3 * 256 * 256)).from_address(self.at["images"])
        )
        poses = (ctypes.c_float * 68).from_address(self.at["cut03"])
        poses[:] = network(images.reshape(3, 256, 256), self.gain).ravel().tolist()


@pytest.fixture(scope="module")
def kernels(tmp_path_factory):
    return CompiledKernels(tmp_path_factory.mktemp("kernels"))


class Machine:
    def __init__(self, kernels, *, integrated=False, captures=True, code=b"any"):
        self.cuda, self.captures = Cuda(kernels, integrated=integrated), captures
        self.buffers = ExecutionBuffers(Stream(self.cuda, self.cuda), SPEC, code)

    def engine(self, gain=1.0):
        held = (object(), object(), Context(self.cuda, gain))
        return PlanEngine(held, self.buffers, "cut03", captures=self.captures)


both_memories = pytest.mark.parametrize("integrated", [False, True])


@both_memories
@pytest.mark.parametrize("captures", [True, False])
def test_crops_are_cut_and_run(kernels, integrated, captures):
    engine = Machine(kernels, integrated=integrated, captures=captures).engine()
    for picture in (PICTURE, as_nv12(PICTURE), PICTURE[::-1]):
        wanted = [network(by_numpy(picture, view, SPEC), 1.0) for view in VIEWS]
        for views, poses in ((VIEWS, wanted), (VIEWS[1:], wanted[1:])):
            assert np.allclose(engine.infer_crops(picture, views), poses, atol=1e-6)
    assert engine.infer_crops(PICTURE, []).shape == (0, 17, 4)
    engine.close()


@both_memories
def test_tensors_of_the_host_give_the_networks_output(kernels, integrated):
    engine = Machine(kernels, integrated=integrated).engine()
    for images in (IMAGES, IMAGES[1:2], IMAGES[:0]):
        wanted = np.array([network(one, 1.0) for one in images]).reshape(-1, 17, 4)
        assert np.allclose(engine(images), wanted, atol=1e-6)
    engine.close()


def test_a_tensor_on_the_device_is_taken_and_answered_there(kernels):
    machine = Machine(kernels)
    engine, stream = machine.engine(), machine.buffers.stream
    theirs, poses = stream.device_array((1, 3, 256, 256)), stream.host_array((1, 17, 4))
    stream.upload(first_image(stream), theirs)
    found = engine(theirs)
    assert (found.shape, found.stream) == ((1, 17, 4), 77)
    stream.download(found, poses)
    stream.synchronize()
    assert np.allclose(poses[0], network(IMAGES[0], 1.0), atol=1e-6)
    engine.close()


def first_image(stream):
    host = stream.host_array((1, 3, 256, 256))
    host[0] = IMAGES[0]
    return host


def test_cuts_with_shared_buffers_take_turns(kernels):
    machine = Machine(kernels)
    shallow, deep = machine.engine(1.0), machine.engine(3.0)
    wanted = network(by_numpy(PICTURE, VIEWS[0], SPEC), 1.0)
    for _ in range(2):
        assert np.allclose(shallow.infer_crops(PICTURE, VIEWS[:1])[0], wanted, atol=1e-6)
        assert np.allclose(deep.infer_crops(PICTURE, VIEWS[:1])[0], 3 * wanted, atol=1e-5)
    shallow.close()
    shallow.close()
    assert np.allclose(deep.infer_crops(PICTURE, VIEWS[:1])[0], 3 * wanted, atol=1e-5)
    deep.close()


def test_the_last_engine_of_shared_buffers_frees_everything(kernels):
    machine = Machine(kernels)
    engines = [machine.engine(), machine.engine()]
    engines[0].infer_crops(PICTURE, VIEWS)
    for engine in engines:
        assert machine.cuda.memory
        engine.close()
    assert not machine.cuda.memory


def test_where_memory_is_shared_nothing_is_copied(kernels):
    counts = {}
    for integrated in (False, True):
        machine = Machine(kernels, integrated=integrated)
        engine = machine.engine()
        engine.infer_crops(PICTURE, VIEWS[:1])
        before = machine.cuda.copies
        engine.infer_crops(PICTURE, VIEWS[:1])
        counts[integrated] = machine.cuda.copies - before
        engine.close()
    assert counts == {False: 3, True: 0}  # pixels, parameters, poses


def test_a_larger_picture_gets_a_larger_buffer(kernels):
    engine = Machine(kernels).engine()
    large = np.random.default_rng(2).integers(0, 256, (1500, 2000, 3), np.uint8)
    view = view_of(Box(0, 0, 2000, 1500), SPEC.input_size)
    for picture, seen in ((PICTURE, VIEWS[0]), (large, view), (PICTURE, VIEWS[0])):
        wanted = network(by_numpy(picture, seen, SPEC), 1.0)
        assert np.allclose(engine.infer_crops(picture, [seen])[0], wanted, atol=1e-6)
    engine.close()


def test_what_is_no_picture_leaves_the_engine_as_it_was(kernels):
    engine = Machine(kernels).engine()
    with pytest.raises(BadInput, match="wanted uint8"):
        engine.infer_crops(PICTURE.astype(np.float32), VIEWS)
    assert engine.infer_crops(PICTURE, VIEWS).shape == (2, 17, 4)
    engine.close()


@both_memories
def test_onnx_runtimes_buffers_are_written_by_the_kernel(kernels, tmp_path, integrated):
    # onnxruntime-cuda, with the CPU as the device of its buffers
    runtime = pytest.importorskip("onnxruntime")
    onnx_file = small_net.write(tmp_path).onnx
    session = _bound_engine.open_session(
        runtime, onnx_file.read_bytes(), ["CPUExecutionProvider"], onnx_file, ""
    )
    engine = _bound_engine.BoundEngine(runtime, session, SPEC, "cut07", "cpu")
    assert not engine.cuts_crops
    cuda = Cuda(kernels, integrated=integrated)
    count = 3 * 256 * 256
    theirs = (ctypes.c_float * count).from_address(engine._images.data_ptr())
    cuda.memory[engine._images.data_ptr()] = memoryview(theirs).cast("B")
    engine.crop_by(Stream(cuda, cuda), b"any")
    crops = np.stack([by_numpy(PICTURE, view, SPEC) for view in VIEWS])
    wanted = session.run(["cut07"], {"images": crops})[0]
    for _ in range(2):
        assert np.allclose(engine.infer_crops(PICTURE, VIEWS), wanted, atol=1e-5)
    engine.close()
    engine.close()
    assert len(cuda.memory) == 1  # theirs


def test_without_a_kernel_the_engine_cuts_no_crops(kernels):
    engine = Machine(kernels, code=None).engine()
    assert not engine.cuts_crops
    assert engine(IMAGES[:1]).shape == (1, 17, 4)
    engine.close()
