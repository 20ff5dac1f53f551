"""A TensorRT execution context -> Engine: calls, captured graphs, crops on the GPU."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edge3dpose.engine_types import Engine
from edge3dpose.runtime.backends._execution_buffers import ExecutionBuffers
from edge3dpose.runtime.planes import Format, format_of
from edge3dpose.runtime.preprocess import View
from edge3dpose.types import Array

WARM_UP = 2  # calls before capture: the first ones allocate


class PlanEngine(Engine):
    """One cut on a GPU with fixed buffers; runs one person at a time. Not thread-safe.

    A numpy array gives a numpy array. Anything with __cuda_array_interface__ (pycuda, cupy, torch,
    numba) gives a DeviceArray, which names the stream to wait for, and is valid until the next call
    of any engine that shares the buffers.

    held  runtime, plan and execution context: each needs the one before
    """

    def __init__(
        self, held: tuple[Any, Any, Any], buffers: ExecutionBuffers, head: str, *, captures: bool
    ) -> None:
        self._held: tuple[Any, ...] = held
        self._context, self._buffers, self._captures = held[-1], buffers, captures
        self._context.set_tensor_address("images", buffers.images.pointer)
        self._context.set_tensor_address(head, buffers.poses.pointer)
        buffers.host_images[...] = 0
        for _ in range(WARM_UP):
            self._run_from_host()
        buffers.stream.synchronize()
        self._from_host = self._recorded(self._run_from_host)
        self._from_device = self._recorded(self._run_network)
        self._from_picture: dict[Format, Callable[[], None]] = {}
        self.cuts_crops = buffers.crop is not None
        buffers.take_hold()

    def __call__(self, images: Any) -> Any:
        """images (N, 3, S, S) -> (N, J, C); on the device N is 1."""
        buffers = self._buffers
        if hasattr(images, "__cuda_array_interface__"):
            buffers.stream.take(images, buffers.images)
            self._from_device()
            return buffers.poses
        found = np.empty((len(images), *buffers.host_poses.shape[1:]), np.float32)
        for n in range(len(images)):
            buffers.host_images[0] = images[n]
            self._from_host()
            buffers.stream.synchronize()
            found[n] = buffers.host_poses[0]
        return found

    def close(self) -> None:
        """Free context and plan, and the buffers with the last engine; twice does nothing."""
        if self._held:
            self._buffers.stream.synchronize()
            self._context, self._held = None, ()
            self._buffers.let_go()

    def infer_crops(self, picture: Any, views: Sequence[View]) -> Array:
        """A picture, BGR or Nv12, of the host or the device, and N crops of it -> (N, J, C)."""
        buffers = self._buffers
        assert buffers.crop is not None
        found = np.empty((len(views), *buffers.host_poses.shape[1:]), np.float32)
        for n, view in enumerate(views):
            buffers.crop.put(picture, view)
            self._launch_of(format_of(picture))()
            buffers.stream.synchronize()
            found[n] = buffers.host_poses[0]
        return found

    def _launch_of(self, picture_format: Format) -> Callable[[], None]:
        if picture_format not in self._from_picture:

            def crop_and_run() -> None:
                assert self._buffers.crop is not None
                self._buffers.crop.cut(picture_format)
                self._run_network()
                self._buffers.fetch_poses()

            self._buffers.stream.synchronize()
            self._from_picture[picture_format] = self._recorded(crop_and_run)
        return self._from_picture[picture_format]

    def _recorded(self, work: Callable[[], None]) -> Callable[[], None]:
        return self._buffers.stream.captured(work) if self._captures else work

    def _run_network(self) -> None:
        if not self._context.execute_async_v3(self._buffers.stream.handle):
            raise RuntimeError("TensorRT does not run this plan")

    def _run_from_host(self) -> None:
        self._buffers.send_images()
        self._run_network()
        self._buffers.fetch_poses()
