"""A TensorRT execution context -> Engine: calls, captured graphs, crops on the GPU."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edge3dpose.runtime.backends._execution_buffers import ExecutionBuffers
from edge3dpose.runtime.planes import Format, format_of
from edge3dpose.runtime.preprocess import View
from edge3dpose.types import Array

WARM_UP = 2  # calls before capture: the first ones allocate


class PlanEngine:
    """One cut on a GPU, one person a call inside, with fixed buffers; not thread-safe.

    Called with a numpy array it gives numpy; called with anything that has
    __cuda_array_interface__ (pycuda, cupy, torch, numba) it gives a DeviceArray, which is valid
    until the next call and says which stream to wait for. Engines of one lane share it: it is valid
    until the next call of any of them.

    look  people of a picture, cut out on the GPU; None where it has no kernel for that
    """

    def __init__(
        self, held: tuple[Any, Any, Any], lane: ExecutionBuffers, head: str, *, captures: bool
    ) -> None:
        self._held: tuple[Any, ...] = held  # runtime, plan, context: each needs the one before
        self._context, self._lane, self._captures = held[-1], lane, captures
        self._context.set_tensor_address("images", lane.images.pointer)
        self._context.set_tensor_address(head, lane.poses.pointer)
        lane.host_images[...] = 0
        for _ in range(WARM_UP):
            self._host_round()
        lane.stream.synchronize()
        self._from_host = self._recorded(self._host_round)
        self._from_device = self._recorded(self._network)
        self._from_picture: dict[Format, Callable[[], None]] = {}
        self.look = self._look if lane.crop else None
        lane.take_hold()

    def __call__(self, images: Any) -> Any:
        """images (N, 3, S, S) -> (N, J, C); on the device N is 1."""
        lane = self._lane
        if hasattr(images, "__cuda_array_interface__"):
            lane.stream.take(images, lane.images)
            self._from_device()
            return lane.poses
        found = np.empty((len(images), *lane.host_poses.shape[1:]), np.float32)
        for n in range(len(images)):
            lane.host_images[0] = images[n]
            self._from_host()
            lane.stream.synchronize()
            found[n] = lane.host_poses[0]
        return found

    def close(self) -> None:
        """Free the context and the plan, and the lane with its last engine; twice does nothing."""
        if self._held:
            self._lane.stream.synchronize()
            self._context, self._held = None, ()
            self._lane.let_go()

    def _look(self, picture: Any, views: Sequence[View]) -> Array:
        """A picture, BGR or Nv12, of the host or the device, and N views of it -> (N, J, C)."""
        lane = self._lane
        assert lane.crop is not None
        found = np.empty((len(views), *lane.host_poses.shape[1:]), np.float32)
        for n, view in enumerate(views):
            lane.crop.put(picture, view)
            self._launch_of(format_of(picture))()
            lane.stream.synchronize()
            found[n] = lane.host_poses[0]
        return found

    def _launch_of(self, picture_format: Format) -> Callable[[], None]:
        if picture_format not in self._from_picture:

            def round_trip() -> None:
                assert self._lane.crop is not None
                self._lane.crop.cut(picture_format)
                self._network()
                self._lane.fetch_poses()

            self._lane.stream.synchronize()
            self._from_picture[picture_format] = self._recorded(round_trip)
        return self._from_picture[picture_format]

    def _recorded(self, work: Callable[[], None]) -> Callable[[], None]:
        return self._lane.stream.captured(work) if self._captures else work

    def _network(self) -> None:
        if not self._context.execute_async_v3(self._lane.stream.handle):
            raise RuntimeError("TensorRT refused to run this plan")

    def _host_round(self) -> None:
        self._lane.send_images()
        self._network()
        self._lane.fetch_poses()
