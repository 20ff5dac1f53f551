"""Every backend keeps the same promise; what cannot be opened is one clear line."""

import importlib.util

import numpy as np
import pytest
import small_net
from standing import SPEC, unit_pose, write_engine

from edge3dpose import nvidia, plugins
from edge3dpose.engine_types import EngineRequest
from edge3dpose.errors import BadInput, EngineMismatch, MissingDependency
from edge3dpose.runtime import backends
from edge3dpose.runtime.backends import _bound_engine
from edge3dpose.selection.defaults import resolve
from edge3dpose.selection.engine import open_engine

ON_CPU = ["onnxruntime", "openvino"]
IMAGES = np.random.default_rng(4).random((3, 3, 256, 256), np.float32)


def opened(name, folder, **options):
    backend = backends.find(name)
    return backend.open_engine(
        write_engine(folder, name, backend.version(), unit_pose()), SPEC, **options
    )


def test_the_folder_holds_the_documented_backends():
    assert set(plugins.names("runtime.backends")) == {
        *ON_CPU,
        "onnxruntime-cuda",
        "replay",
        "tensorrt",
        "tensorrt-rtx",
    }


@pytest.mark.parametrize("name", ON_CPU)
def test_an_engine_takes_any_number_of_people(tmp_path, name):
    engine = opened(name, tmp_path, threads=1)
    for count in (0, 1, 3):
        found = engine(IMAGES[:count])
        assert found.shape == (count, 17, 4)
        assert found.dtype == np.float32
        assert np.allclose(found, unit_pose())
    engine.close()
    engine.close()


def test_several_people_in_pairs_give_the_outputs_of_one_after_the_other(tmp_path):
    weights = small_net.write(tmp_path)
    requests = [
        EngineRequest(SPEC.name, weights.onnx, 7, "fp32", "openvino", threads) for threads in (1, 2)
    ]
    alone, pairs = (open_engine(resolve(one), tmp_path / "engines") for one in requests)
    expected = alone(IMAGES)
    assert not np.allclose(expected[0], expected[1], atol=1e-6)
    assert (pairs(IMAGES) == expected).all()  # while the second network is compiled
    pairs._compiling.exception()
    for count in (1, 2, 3):
        assert (pairs(IMAGES[:count]) == expected[:count]).all()
    assert len(pairs._requests) == 2
    assert not alone._requests
    for engine in (alone, pairs):
        engine.close()
        engine.close()


def test_people_run_one_after_the_other_where_the_second_network_fails(tmp_path, caplog):
    def fails():
        raise RuntimeError("no memory is left")

    engine = opened("openvino", tmp_path, threads=2)
    engine._in_pairs = fails
    for _ in range(3):
        assert np.allclose(engine(IMAGES), unit_pose())
        if engine._compiling is not None:
            engine._compiling.exception()
    assert caplog.text.count("no memory is left") == 1
    engine.close()


@pytest.mark.parametrize("name", ON_CPU)
def test_a_flipped_bit_is_caught_before_anything_is_opened(tmp_path, name):
    file = write_engine(tmp_path, name, backends.find(name).version(), unit_pose())
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(EngineMismatch, match="SHA-256") as caught:
        backends.find(name).open_engine(file, SPEC)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ON_CPU)
def test_another_models_engine_is_refused(tmp_path, name):
    backend = backends.find(name)
    file = write_engine(tmp_path, name, backend.version(), unit_pose(), model="sspnet")
    with pytest.raises(EngineMismatch, match="built for model sspnet"):
        backend.open_engine(file, SPEC)


@pytest.mark.parametrize("name", [*ON_CPU, "replay"])
def test_a_missing_engine_is_named(tmp_path, name):
    with pytest.raises(BadInput, match=r"gone\.onnx"):
        backends.find(name).open_engine(tmp_path / "gone.onnx", SPEC)


@pytest.mark.skipif(not nvidia.probe().problem, reason="this machine has an NVIDIA device")
@pytest.mark.parametrize("name", ["tensorrt", "tensorrt-rtx", "onnxruntime-cuda"])
def test_without_a_driver_a_gpu_backend_is_one_clear_line(tmp_path, name):
    backend = backends.find(name)
    with pytest.raises(MissingDependency, match="needs an NVIDIA GPU") as caught:
        backend.open_engine(tmp_path / "any.engine", SPEC)
    assert "\n" not in str(caught.value)
    assert "--backend openvino" in str(caught.value)
    assert backend.problem()


def test_bound_buffers_answer_as_the_plain_session_does(tmp_path):
    # what runs on a GPU in onnxruntime-cuda, with the CPU as the device of its buffers
    runtime = pytest.importorskip("onnxruntime")
    weights = small_net.write(tmp_path)
    session = _bound_engine.open_session(
        runtime, weights.read(), ["CPUExecutionProvider"], weights.onnx, ""
    )
    plain = session.run(["cut07"], {"images": IMAGES})[0]
    engine = _bound_engine.BoundEngine(runtime, session, SPEC, "cut07", "cpu")
    for _ in range(2):
        assert np.allclose(engine(IMAGES), plain, atol=1e-6)
    assert engine(IMAGES[:0]).shape == (0, 17, 4)
    assert np.ptp(plain[:, :, 0]) > 0.01  # the poses depend on the pictures
    engine.close()
    engine.close()


def test_a_file_that_is_no_graph_is_refused_in_onnx_runtimes_words(tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    bad = tmp_path / "bad.onnx"
    with pytest.raises(EngineMismatch, match=r"does not open .*bad\.onnx"):
        _bound_engine.open_session(runtime, b"no graph", ["CPUExecutionProvider"], bad, "")


@pytest.mark.skipif(
    importlib.util.find_spec("tensorrt_rtx") is None, reason="tensorrt_rtx is not installed"
)
def test_tensorrt_rtx_has_every_name_that_the_runtime_uses():
    import tensorrt_rtx as trt

    assert hasattr(trt.CudaGraphStrategy, "WHOLE_GRAPH_CAPTURE")
    assert hasattr(trt.IRuntimeConfig, "cuda_graph_strategy")
    assert hasattr(trt.DataType, "FLOAT")
    names = "get_tensor_name num_io_tensors get_tensor_mode get_tensor_shape get_tensor_dtype"
    for name in [*names.split(), "create_runtime_config", "create_execution_context"]:
        assert hasattr(trt.ICudaEngine, name), name
    for name in ("set_tensor_address", "execute_async_v3"):
        assert hasattr(trt.IExecutionContext, name), name


def test_a_recording_plays_in_order_and_from_the_start_again(tmp_path):
    outputs = np.random.default_rng(1).random((3, 17, 4), np.float32)
    np.savez(tmp_path / "clip.npz", outputs=outputs)
    engine = backends.find("replay").open_engine(tmp_path / "clip.npz", SPEC)
    assert np.array_equal(engine(IMAGES[:2]), outputs[:2])
    assert np.array_equal(engine(IMAGES[:2]), outputs[[2, 0]])


@pytest.mark.parametrize("content", [b"", b"junk", None])
def test_a_bad_recording_is_refused(tmp_path, content):
    file = tmp_path / "clip.npz"
    if content is None:
        np.savez(file, outputs=np.zeros((2, 5, 4)))
    else:
        file.write_bytes(content)
    with pytest.raises(EngineMismatch, match=r"clip\.npz"):
        backends.find("replay").open_engine(file, SPEC)
