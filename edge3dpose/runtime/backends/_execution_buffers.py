"""A CUDA stream with the buffers that the cuts of a model share; one cut runs at a time."""

from __future__ import annotations

import logging
import math

import numpy as np

from edge3dpose import nvidia
from edge3dpose.engine_types import ModelSpec
from edge3dpose.errors import MissingDependency
from edge3dpose.runtime import nvrtc
from edge3dpose.runtime.cuda import Stream
from edge3dpose.runtime.device_array import DeviceArray
from edge3dpose.runtime.gpu_crop import SOURCE, GpuCrop
from edge3dpose.types import Array

_log = logging.getLogger(__name__)


class ExecutionBuffers:
    """Input and output of a network at fixed addresses, for graphs that are captured on them.

    crop_code  CUBIN of crop.cu for this device; None leaves crops to the CPU
    Every engine that uses them calls take_hold and let_go; the last one frees them.
    """

    def __init__(self, stream: Stream, spec: ModelSpec, crop_code: bytes | None) -> None:
        S, output = spec.input_size, spec.output_shape(1)
        self.stream, self.spec = stream, spec
        self.images = stream.device_array((1, 3, S, S))
        self.host_images = stream.host_array((1, 3, S, S))
        self._poses = stream.shared(4 * math.prod(output))
        self.poses = DeviceArray(self._poses.pointer, output, stream.handle)
        self.host_poses: Array = self._poses.host.view(np.float32).reshape(output)
        self.crop = GpuCrop(stream, spec, self.images, crop_code) if crop_code else None
        self._users = 0

    def arena(self, size: int) -> int:
        """Address of so many bytes of the device for activations, aligned as cudaMalloc aligns."""
        return self.stream.device_array((max(1, -(-size // 4)),)).pointer

    def send_images(self) -> None:
        """Upload host_images, in stream order."""
        self.stream.upload(self.host_images, self.images)

    def fetch_poses(self) -> None:
        """Download the output into host_poses, in stream order: synchronise before reading."""
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
    """The crop kernel for this device; None, with a warning in the log, without NVRTC."""
    try:
        return nvrtc.cubin(SOURCE, nvidia.probe().devices[0].compute_capability)
    except MissingDependency as error:
        _log.warning("crops are made on the CPU: %s", error)
        return None
