"""A stream of a GPU with the buffers that the cuts of a model share: one runs at a time."""

from __future__ import annotations

import logging
import math

import numpy as np

from edge3dpose import nvidia
from edge3dpose.errors import MissingDependency
from edge3dpose.runtime import nvrtc
from edge3dpose.runtime.cuda import Stream
from edge3dpose.runtime.device_array import DeviceArray
from edge3dpose.runtime.gpu_crop import SOURCE, GpuCrop
from edge3dpose.types import Array, ModelSpec

_log = logging.getLogger(__name__)


class ExecutionBuffers:
    """Input and output of a network at fixed addresses, for graphs that are captured on them.

    crop_code  CUBIN of crop.cu for this device; None leaves crops to the CPU
    Every engine that uses them calls take_hold and let_go; the last one frees them.
    """

    def __init__(self, stream: Stream, spec: ModelSpec, crop_code: bytes | None) -> None:
        S, answer = spec.input_size, spec.output_shape(1)
        self.stream, self.spec = stream, spec
        self.images = stream.device_array((1, 3, S, S))
        self.host_images = stream.host_array((1, 3, S, S))
        self._poses = stream.shared(4 * math.prod(answer))
        self.poses = DeviceArray(self._poses.pointer, answer, stream.handle)
        self.host_poses: Array = self._poses.host.view(np.float32).reshape(answer)
        self.crop = GpuCrop(stream, spec, self.images, crop_code) if crop_code else None
        self._users = 0

    def arena(self, size: int) -> int:
        """Address of so many bytes of the device for activations, aligned as cudaMalloc aligns."""
        return self.stream.device_array((max(1, -(-size // 4)),)).pointer

    def send_images(self) -> None:
        """What lies in host_images goes up, in stream order."""
        self.stream.upload(self.host_images, self.images)

    def fetch_poses(self) -> None:
        """What the network wrote is in host_poses after the stream was waited for."""
        self.stream.pull(self._poses)

    def take_hold(self) -> None:
        """Count one more user."""
        self._users += 1

    def let_go(self) -> None:
        """Free everything with the last user."""
        self._users -= 1
        if not self._users:
            self.stream.close()


def crop_code() -> bytes | None:
    """The crop's kernel for this device; None, with a line in the log, where NVRTC is not here."""
    try:
        return nvrtc.cubin(SOURCE, nvidia.probe().devices[0].compute_capability)
    except MissingDependency as error:
        _log.warning("people are cut out on the CPU: %s", error)
        return None
