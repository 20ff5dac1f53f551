"""ONNX Runtime's CUDA provider with fixed buffers on the device -> Engine.

Input and output are bound once, so that the provider can replay the CUDA graph that it captured.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge3dpose import manifest
from edge3dpose.engine_types import Engine, ModelSpec
from edge3dpose.errors import EngineMismatch, MissingDependency
from edge3dpose.runtime.backends import Backend
from edge3dpose.runtime.backends._execution_buffers import crop_code
from edge3dpose.runtime.cuda import Stream, open_stream
from edge3dpose.runtime.device_array import DeviceArray
from edge3dpose.runtime.gpu_crop import GpuCrop
from edge3dpose.runtime.planes import format_of
from edge3dpose.runtime.preprocess import View
from edge3dpose.types import Array

PROVIDER = "CUDAExecutionProvider"
INSTALL_CUDA = "pip install 'edge3dpose[tensorrt]'"  # cuda-bindings and NVRTC come with it
WARM_UP = 3  # calls: the first ones allocate and choose algorithms, then the graph is captured


def open_on_device(package: Any, path: Path, spec: ModelSpec, backend: Backend) -> Engine:
    """Open a verified ONNX file on the first device.

    package  onnxruntime
    Raises BadInput or EngineMismatch (see manifest.verify), MissingDependency without the CUDA
    libraries that the package loads.
    """
    made, content = manifest.read_verified(path)
    manifest.check_fits(made, spec, backend.name)
    if hasattr(package, "preload_dlls"):  # CUDA and cuDNN as wheels are on no library path
        with contextlib.redirect_stdout(io.StringIO()):
            package.preload_dlls()
    package.set_default_logger_severity(4)  # a missing library is reported below
    options = {
        "enable_cuda_graph": "1",
        "use_tf32": "0",  # FP32 is meant where the graph says FP32
        "cudnn_conv_algo_search": "EXHAUSTIVE",
    }
    session = open_session(package, content, [(PROVIDER, options)], made.engine, made.rebuild)
    if PROVIDER not in session.get_providers():  # it falls back to the CPU silently
        raise MissingDependency(
            f"ONNX Runtime {package.__version__} cannot load its CUDA provider: CUDA or cuDNN of "
            f"the version it was built for is not here; {backend.install}"
        )
    engine = BoundEngine(package, session, spec, spec.head(made.cut), "cuda")
    if code := crop_code():
        engine.crop_by(open_stream(INSTALL_CUDA), code)
    return engine


def open_session(
    runtime: Any, content: bytes, providers: list[Any], path: Path, rebuild: str
) -> Any:
    """A session that stays quiet; EngineMismatch in ONNX Runtime's own words.

    path     of the content, named in the error
    rebuild  the command that makes it again
    """
    options = runtime.SessionOptions()
    options.log_severity_level = 4  # warnings about the graph are not for users; errors are raised
    try:
        session = runtime.InferenceSession(content, options, providers=providers)
    except Exception as error:  # its errors share no base class but Exception
        raise EngineMismatch(
            f"ONNX Runtime {runtime.__version__} does not open {path}: {error}; rebuild: {rebuild}"
        ) from error
    session.disable_fallback()
    return session


class BoundEngine(Engine):
    """One cut with fixed buffers on a device; runs one person at a time. Not thread-safe.

    It cuts crops on the GPU once ``crop_by`` was called.
    """

    def __init__(self, runtime: Any, session: Any, spec: ModelSpec, head: str, device: str) -> None:
        side = spec.input_size
        new = runtime.OrtValue.ortvalue_from_shape_and_type
        self._session: Any = session
        self._images: Any = new((1, 3, side, side), np.float32, device, 0)
        self._poses: Any = new(spec.output_shape(1), np.float32, device, 0)
        self._binding: Any = session.io_binding()
        self._binding.bind_ortvalue_input("images", self._images)
        self._binding.bind_ortvalue_output(head, self._poses)
        self._spec = spec
        self._crop: tuple[Stream, GpuCrop] | None = None
        self(np.zeros((WARM_UP, 3, side, side), np.float32))

    def __call__(self, images: Array) -> Array:
        """images (N, 3, S, S) float32 -> (N, J, C), see ModelSpec, the caller's own."""
        found = np.empty(self._spec.output_shape(len(images)), np.float32)
        for n in range(len(images)):
            self._images.update_inplace(np.ascontiguousarray(images[n : n + 1], np.float32))
            found[n] = self._run()
        return found

    def crop_by(self, stream: Stream, code: bytes) -> None:
        """Cut crops with the kernel of a CUBIN, on a stream that is freed with the engine."""
        images = DeviceArray(self._images.data_ptr(), tuple(self._images.shape()), None)
        self._crop = (stream, GpuCrop(stream, self._spec, images, code))
        self.cuts_crops = True

    def infer_crops(self, picture: Any, views: Sequence[View]) -> Array:
        """A picture, BGR or Nv12, and N crops of it -> (N, J, C)."""
        assert self._crop is not None
        stream, crop = self._crop
        found = np.empty(self._spec.output_shape(len(views)), np.float32)
        for n, view in enumerate(views):
            crop.put(picture, view)
            crop.cut(format_of(picture))
            stream.synchronize()  # the session has a stream of its own
            found[n] = self._run()
        return found

    def _run(self) -> Array:
        self._session.run_with_iobinding(self._binding)
        return self._poses.numpy()[0]

    def close(self) -> None:
        """Free buffers and session; a second call does nothing."""
        if self._crop:
            self._crop[0].close()
        self._crop = None
        self._binding = self._images = self._poses = self._session = None
