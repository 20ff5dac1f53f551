"""A camera by its number or its device: always its latest frame."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import Any

from edge3dpose.errors import BadInput
from edge3dpose.runtime.sources import LIVE, NO_OPTIONS, Source, SourceOptions, SourcePlugin

_VIDEO_DEVICES = 81  # the major number of Video4Linux


class CameraPlugin(SourcePlugin):
    """Opens cameras."""

    name = "camera"
    options = ("resolution", "camera_fps", "pixel_format", *LIVE)

    def takes(self, arg: str | int) -> bool:
        """Numbers, and devices such as /dev/video2 or /dev/v4l/by-id/...; "0" is a file's name."""
        return isinstance(arg, int) or _is_device(arg)

    def open(self, arg: str | int) -> Source:
        """Open a camera; BadInput where there is none of this number."""
        return self.open_with(arg, NO_OPTIONS)

    def open_with(self, arg: str | int, options: SourceOptions) -> Source:
        """Open a camera and ask it for what the options say; ``said`` has what it gives."""
        from edge3dpose.runtime.sources import _retry
        from edge3dpose.runtime.sources._camera_grabber import open_camera
        from edge3dpose.runtime.sources._live_source import LiveSource

        if isinstance(arg, int) and arg < 0:  # OpenCV would look for any camera, and may crash
            raise BadInput(f"cannot open camera {arg}: wanted a number from 0")
        retry = _retry.retry_of(options, _retry.device_of(arg))
        first = _retry.waited_for(lambda: open_camera(arg, options), retry)
        return LiveSource(f"camera {arg}", first, lambda: open_camera(arg, options), retry)


def _is_device(arg: Any) -> bool:
    """Whether this is the device of a camera, also by a link to it."""
    if not isinstance(arg, str) or not sys.platform.startswith("linux"):
        return False
    found = os.stat(Path(arg).expanduser())
    return stat.S_ISCHR(found.st_mode) and os.major(found.st_rdev) == _VIDEO_DEVICES


PLUGIN = CameraPlugin()
