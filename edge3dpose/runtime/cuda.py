"""The CUDA calls of the runtime: device check, buffers, a stream, copies, kernels, a graph.

Everything is in the device's primary context, as with torch, cupy, numba and pycuda's
`autoprimaryctx`, so that pointers and streams can be exchanged with them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge3dpose import nvidia
from edge3dpose.errors import MissingDependency
from edge3dpose.runtime import backends
from edge3dpose.runtime.device_array import DeviceArray, array_of
from edge3dpose.types import Array

Kernel = Callable[..., None]  # (grid, block, *arguments)


def open_stream(install: str) -> Stream:
    """A stream on the first device; MissingDependency where driver, device or package lack.

    The driver is asked before any package is loaded: TensorRT 11 crashes the interpreter without.
    install  command that installs the backend's packages, for the error
    """
    driver = nvidia.probe()
    if driver.problem:
        raise backends.no_gpu(driver.problem)
    try:
        from cuda.bindings import driver as api
        from cuda.bindings import runtime
    except ImportError as error:
        raise MissingDependency(
            f"cuda-bindings is not here ({error}); install it: {install}"
        ) from error
    return Stream(runtime, api)


class Stream:
    """One CUDA stream on the first device, with memory allocated through it. Not thread-safe.

    runtime, driver  the two APIs as cuda-bindings has them
    """

    def __init__(self, runtime: Any, driver: Any) -> None:
        self._rt, self._driver = runtime, driver
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
        """Pinned float32 memory of the host, which the device copies at full speed."""
        count = int(np.prod(shape))
        (pointer,) = self.call("cudaHostAlloc", 4 * count, self._rt.cudaHostAllocDefault)
        self._undo.append(lambda: self.call("cudaFreeHost", pointer))
        words = (ctypes.c_float * count).from_address(int(pointer))
        return np.ctypeslib.as_array(words).reshape(shape)

    def shared(self, count: int) -> Shared:
        """Bytes that host and device write and read, through push and pull.

        Where host and device share one memory (a Jetson) they are the same bytes and nothing is
        copied; elsewhere they are pinned host memory and a copy on the device.
        """
        kinds = self._rt.cudaDeviceAttr
        asked = (kinds.cudaDevAttrIntegrated, kinds.cudaDevAttrCanMapHostMemory)
        mapped = all(self.call("cudaDeviceGetAttribute", what, 0)[0] for what in asked)
        flags = self._rt.cudaHostAllocMapped if mapped else self._rt.cudaHostAllocDefault
        (address,) = self.call("cudaHostAlloc", count, flags)
        self._undo.append(lambda: self.call("cudaFreeHost", address))
        if mapped:
            (pointer,) = self.call("cudaHostGetDevicePointer", address, 0)
        else:
            (pointer,) = self.call("cudaMalloc", count)
            self._undo.append(lambda: self.call("cudaFree", pointer))
        octets = (ctypes.c_uint8 * count).from_address(int(address))
        return Shared(np.ctypeslib.as_array(octets), int(pointer), mapped)

    def push(self, shared: Shared, count: int | None = None) -> None:
        """Send the host's bytes, or the first ``count``, to the device, in stream order."""
        if not shared.mapped:
            size = shared.host.nbytes if count is None else count
            self._copy(shared.pointer, shared.host.ctypes.data, size, self._to_device)

    def pull(self, shared: Shared) -> None:
        """Fetch what the device wrote, in stream order: synchronise before reading."""
        if not shared.mapped:
            host = shared.host
            self._copy(host.ctypes.data, shared.pointer, host.nbytes, self._to_host)

    def kernel(self, cubin: bytes, name: str, *kinds: Any) -> Kernel:
        """A function of a CUBIN, launched on this stream; kinds are its arguments' ctypes."""
        (module,) = self._checked("cuModuleLoadData", cubin)
        self._undo.append(lambda: self._checked("cuModuleUnload", module))
        (function,) = self._checked("cuModuleGetFunction", module, name.encode())
        on = self._driver.CUstream(self.handle)

        def launch(grid: tuple[int, int], block: tuple[int, int], *values: int) -> None:
            self._checked(
                "cuLaunchKernel", function, *grid, 1, *block, 1, 0, on, (values, kinds), 0
            )

        return launch

    def upload(self, host: Array, device: DeviceArray) -> None:
        """Host to device, in stream order."""
        self._copy(device.pointer, host.ctypes.data, host.nbytes, self._to_device)

    def download(self, device: DeviceArray, host: Array) -> None:
        """Device to host, in stream order: synchronise before reading."""
        self._copy(host.ctypes.data, device.pointer, host.nbytes, self._to_host)

    def take(self, array: Any, device: DeviceArray) -> None:
        """Copy an array of another library, after the work on its own stream."""
        view = array_of(array, device.shape)
        self.wait_for(view.stream)
        self._copy(device.pointer, view.pointer, 4 * int(np.prod(view.shape)), self._on_device)

    def wait_for(self, stream: int | None) -> None:
        """Later work on this stream waits for the work that is on another stream now."""
        if stream is not None:
            (event,) = self.call("cudaEventCreateWithFlags", self._rt.cudaEventDisableTiming)
            self.call("cudaEventRecord", event, stream)
            self.call("cudaStreamWaitEvent", self._stream, event, 0)
            self.call("cudaEventDestroy", event)

    def captured(self, work: Callable[[], Any]) -> Callable[[], None]:
        """Capture what ``work`` puts on the stream as a CUDA graph; returns its launch.

        Addresses are fixed: the memory that work uses must stay where it is.
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
        """Wait until all work on the stream is done."""
        self.call("cudaStreamSynchronize", self._stream)

    def close(self) -> None:
        """Free everything, newest first; a second call does nothing."""
        if self._undo:
            self.synchronize()
        while self._undo:
            self._undo.pop()()

    def _copy(self, to: int, source: int, size: int, kind: Any) -> None:
        self.call("cudaMemcpyAsync", to, source, size, kind, self._stream)

    def _checked(self, name: str, *arguments: Any) -> tuple[Any, ...]:
        """As ``call``, for a function of the driver."""
        code, *values = getattr(self._driver, name)(*arguments)
        if code != self._driver.CUresult.CUDA_SUCCESS:
            _, text = self._driver.cuGetErrorString(code)
            raise RuntimeError(f"{name}: {text.decode() if text else code}")
        return tuple(values)


@dataclass(frozen=True, slots=True)
class Shared:
    """Bytes of the host, and their address on the device."""

    host: NDArray[np.uint8]
    pointer: int  # the device's
    mapped: bool  # the same bytes, not a copy
