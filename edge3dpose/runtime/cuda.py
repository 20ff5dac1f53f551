"""What the runtime needs of CUDA: device check, buffers, a stream, copies, a captured graph.

Everything lives on the device's primary context, as with torch, cupy, numba and pycuda's
`autoprimaryctx`, so their pointers and streams can be used here and ours there.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge3dpose import nvidia
from edge3dpose.errors import BadInput, MissingDependency
from edge3dpose.types import Array


def open_stream(extra: str) -> Stream:
    """A stream on the first device; MissingDependency where driver, device or package lack.

    The driver is asked before any package is loaded: TensorRT 11 crashes the interpreter without.
    extra  of the package, named in the error
    """
    driver = nvidia.probe()
    if driver.problem:
        raise MissingDependency(
            f"this backend needs an NVIDIA GPU, and {driver.problem}; "
            "use --backend openvino or onnxruntime here"
        )
    try:
        from cuda.bindings import runtime
    except ImportError as error:
        raise MissingDependency(
            f"cuda-bindings is not here ({error}); install it: pip install 'edge3dpose[{extra}]'"
        ) from error
    return Stream(runtime)


class Stream:
    """One CUDA stream and the memory made through it. Not thread-safe."""

    def __init__(self, runtime: Any) -> None:
        self._rt = runtime
        self._undo: list[Callable[[], Any]] = []
        self.call("cudaSetDevice", 0)
        (self._stream,) = self.call("cudaStreamCreateWithFlags", runtime.cudaStreamNonBlocking)
        self._undo.append(lambda: self.call("cudaStreamDestroy", self._stream))
        kinds = runtime.cudaMemcpyKind
        self._to_device = kinds.cudaMemcpyHostToDevice
        self._to_host = kinds.cudaMemcpyDeviceToHost
        self._on_device = kinds.cudaMemcpyDeviceToDevice

    @property
    def handle(self) -> int:
        """The stream as an integer, as TensorRT and others take it."""
        return int(self._stream)

    def call(self, name: str, *arguments: Any) -> tuple[Any, ...]:
        """Call a function of the CUDA runtime; RuntimeError with its own words where it fails."""
        code, *values = getattr(self._rt, name)(*arguments)
        if code != self._rt.cudaError_t.cudaSuccess:
            _, text = self._rt.cudaGetErrorString(code)
            raise RuntimeError(f"{name}: {text.decode() if text else code}")
        return tuple(values)

    def device_array(self, shape: tuple[int, ...]) -> DeviceArray:
        """Float32 memory on the device, freed with the stream."""
        (pointer,) = self.call("cudaMalloc", 4 * int(np.prod(shape)))
        self._undo.append(lambda: self.call("cudaFree", pointer))
        return DeviceArray(int(pointer), shape, self.handle)

    def host_array(self, shape: tuple[int, ...]) -> Array:
        """Float32 memory of the host that the device copies at full speed (pinned)."""
        count = int(np.prod(shape))
        (pointer,) = self.call("cudaHostAlloc", 4 * count, self._rt.cudaHostAllocDefault)
        self._undo.append(lambda: self.call("cudaFreeHost", pointer))
        words = (ctypes.c_float * count).from_address(int(pointer))
        return np.ctypeslib.as_array(words).reshape(shape)

    def upload(self, host: Array, device: DeviceArray) -> None:
        """Host to device, in stream order."""
        self._copy(device.pointer, host.ctypes.data, host.nbytes, self._to_device)

    def download(self, device: DeviceArray, host: Array) -> None:
        """Device to host, in stream order: synchronise before reading."""
        self._copy(host.ctypes.data, device.pointer, host.nbytes, self._to_host)

    def take(self, theirs: Any, device: DeviceArray) -> None:
        """Copy an array of another library, after what its own stream still does to it."""
        view = view_of(theirs, device.shape)
        if view.stream is not None:
            (event,) = self.call("cudaEventCreateWithFlags", self._rt.cudaEventDisableTiming)
            self.call("cudaEventRecord", event, view.stream)
            self.call("cudaStreamWaitEvent", self._stream, event, 0)
            self.call("cudaEventDestroy", event)
        self._copy(device.pointer, view.pointer, 4 * int(np.prod(view.shape)), self._on_device)

    def captured(self, work: Callable[[], Any]) -> Callable[[], None]:
        """Record what ``work`` puts on the stream; gives a launch of all of it at once.

        Addresses are frozen: what work touches must stay where it is.
        """
        mode = self._rt.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        self.call("cudaStreamBeginCapture", self._stream, mode)
        try:
            work()
        finally:
            (graph,) = self.call("cudaStreamEndCapture", self._stream)
        (ready,) = self.call("cudaGraphInstantiate", graph, 0)
        self.call("cudaGraphDestroy", graph)
        self._undo.append(lambda: self.call("cudaGraphExecDestroy", ready))

        def launch() -> None:
            self.call("cudaGraphLaunch", ready, self._stream)

        return launch

    def synchronize(self) -> None:
        """Wait until everything put on the stream is done."""
        self.call("cudaStreamSynchronize", self._stream)

    def close(self) -> None:
        """Free everything, newest first; a second call does nothing."""
        if self._undo:
            self.synchronize()
        while self._undo:
            self._undo.pop()()

    def _copy(self, to: int, source: int, size: int, kind: Any) -> None:
        self.call("cudaMemcpyAsync", to, source, size, kind, self._stream)


@dataclass(frozen=True, slots=True)
class DeviceArray:
    """Float32 memory on a device, for any library that reads __cuda_array_interface__."""

    pointer: int
    shape: tuple[int, ...]
    stream: int | None  # whoever reads must wait for it; None where there is nothing to wait for

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return {
            "shape": self.shape,
            "typestr": "<f4",
            "data": (self.pointer, False),
            "version": 3,
            "strides": None,
            "stream": self.stream,
        }


def view_of(theirs: Any, shape: tuple[int, ...]) -> DeviceArray:
    """Somebody's device array, checked: BadInput unless it is contiguous float32 of this shape."""
    face = theirs.__cuda_array_interface__
    strides = face.get("strides")
    contiguous = tuple(int(4 * np.prod(shape[axis + 1 :])) for axis in range(len(shape)))
    fits = face["typestr"] == "<f4" and tuple(face["shape"]) == tuple(shape)
    if not fits or (strides is not None and tuple(strides) != contiguous):
        raise BadInput(
            f"a device array of {face['typestr']} {tuple(face['shape'])}, strides {strides}; "
            f"wanted contiguous float32 {tuple(shape)}"
        )
    return DeviceArray(int(face["data"][0]), tuple(shape), face.get("stream"))
