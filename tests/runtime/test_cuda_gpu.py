"""Buffers, copies, foreign arrays and a captured graph on a real device."""

import importlib.util

import numpy as np
import pytest
from crop_model import by_numpy
from test_gpu_crop import as_nv12

from edge3dpose import models, nvidia
from edge3dpose.errors import BadInput
from edge3dpose.runtime.backends._execution_buffers import crop_code
from edge3dpose.runtime.cuda import open_stream
from edge3dpose.runtime.device_array import DeviceArray, array_of
from edge3dpose.runtime.gpu_crop import GpuCrop
from edge3dpose.runtime.preprocess import view_of
from edge3dpose.types import Box

PROBLEM = nvidia.probe().problem or (
    "" if importlib.util.find_spec("cuda") else "cuda-bindings is not installed"
)
on_gpu = pytest.mark.skipif(bool(PROBLEM), reason=PROBLEM)


@pytest.fixture
def stream():
    opened = open_stream("tensorrt")
    yield opened
    opened.close()
    opened.close()


@pytest.mark.gpu
@on_gpu
def test_what_goes_up_comes_down(stream):
    device = stream.device_array((4, 5))
    up, down = stream.host_array((4, 5)), stream.host_array((4, 5))
    up[...] = np.random.default_rng(0).random((4, 5))
    stream.upload(up, device)
    stream.download(device, down)
    stream.synchronize()
    assert np.array_equal(up, down)


@pytest.mark.gpu
@on_gpu
def test_a_captured_graph_does_its_work_again_and_again(stream):
    device, up, down = stream.device_array((8,)), stream.host_array((8,)), stream.host_array((8,))

    def round_trip():
        stream.upload(up, device)
        stream.download(device, down)

    round_trip()
    stream.synchronize()
    launch = stream.captured(round_trip)
    for value in (1.0, 7.0):
        up[...] = value
        launch()
        stream.synchronize()
        assert (down == value).all()


@pytest.mark.gpu
@on_gpu
def test_another_librarys_array_is_taken(stream):
    theirs, ours = stream.device_array((2, 3)), stream.device_array((2, 3))
    up, down = stream.host_array((2, 3)), stream.host_array((2, 3))
    up[...] = 5
    stream.upload(up, theirs)
    stream.take(theirs, ours)
    stream.download(ours, down)
    stream.synchronize()
    assert (down == 5).all()


@pytest.mark.gpu
@on_gpu
def test_what_is_shared_is_seen_by_both_sides(stream):
    up, down = stream.shared(64), stream.shared(64)
    up.host[:] = np.arange(64)
    stream.push(up)
    both = [DeviceArray(s.pointer, (16,), stream.handle) for s in (up, down)]
    stream.take(*both)
    stream.pull(down)
    stream.synchronize()
    assert np.array_equal(down.host, np.arange(64))


@pytest.mark.gpu
@on_gpu
@pytest.mark.parametrize("picture_format", ["bgr", "nv12"])
def test_the_crops_kernel_gives_the_numbers_of_its_model(stream, picture_format):
    spec = models.find("sspnet-lite")
    images, down = (make((1, 3, 256, 256)) for make in (stream.device_array, stream.host_array))
    code = crop_code()
    if code is None:
        pytest.skip("NVRTC is not here")
    crop = GpuCrop(stream, spec, images, code)
    picture = np.random.default_rng(3).integers(0, 256, (480, 640, 3), np.uint8)
    if picture_format == "nv12":
        picture = as_nv12(picture)
    for box in (Box(100, 50, 400, 350, angle_rad=0.5), Box(-600, -800, 1400, 1200)):
        view = view_of(box, 256)
        crop.put(picture, view)
        crop.cut(picture_format)
        stream.download(images, down)
        stream.synchronize()
        assert np.array_equal(down[0], by_numpy(picture, view, spec))


@pytest.mark.gpu
@on_gpu
def test_pycuda_reads_and_gives_arrays(stream):
    pytest.importorskip("pycuda")
    import pycuda.autoprimaryctx  # noqa: F401  the primary context, not one of its own
    from pycuda import gpuarray

    theirs = gpuarray.to_gpu(np.arange(6, dtype=np.float32).reshape(2, 3))
    ours, down = stream.device_array((2, 3)), stream.host_array((2, 3))
    stream.take(theirs, ours)
    stream.download(ours, down)
    stream.synchronize()
    assert np.array_equal(down, theirs.get())


class Theirs:
    def __init__(self, **face):
        self.__cuda_array_interface__ = {
            "shape": (2, 3),
            "typestr": "<f4",
            "data": (4096, False),
            "version": 3,
            **face,
        }


def test_a_device_array_of_the_right_shape_is_seen_where_it_lies():
    view = array_of(Theirs(stream=7, strides=(12, 4)), (2, 3))
    assert view == DeviceArray(4096, (2, 3), 7)
    assert array_of(view, (2, 3)) == view


@pytest.mark.parametrize(
    "face", [{"shape": (3, 2)}, {"typestr": "<f8"}, {"strides": (4, 8)}, {"shape": (2, 3, 1)}]
)
def test_a_device_array_of_another_kind_is_refused(face):
    with pytest.raises(BadInput, match="wanted contiguous float32"):
        array_of(Theirs(**face), (2, 3))
