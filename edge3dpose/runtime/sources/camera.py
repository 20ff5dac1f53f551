"""A camera by its number: always its latest frame."""

from __future__ import annotations

from pathlib import Path

from edge3dpose.errors import BadInput
from edge3dpose.runtime.sources import Source, SourcePlugin


class CameraPlugin(SourcePlugin):
    """Opens cameras."""

    name = "camera"

    def takes(self, arg: str | int) -> bool:
        """Numbers; a number in text is the name of a file."""
        return isinstance(arg, int)

    def open(self, arg: str | int) -> Source:
        """Open a camera; BadInput where there is none of this number."""
        import cv2

        from edge3dpose.runtime.sources._capture import open_capture
        from edge3dpose.runtime.sources._latest_frame import LatestFrameReader

        if int(arg) < 0:  # OpenCV would look for any camera, and may crash
            raise BadInput(f"cannot open camera {arg}: wanted a number from 0")
        capture = open_capture(int(arg))
        if not capture.isOpened():
            capture.release()
            devices = ", ".join(sorted(str(path) for path in Path("/dev").glob("video*")))
            raise BadInput(
                f"cannot open camera {arg}: it is not plugged in, in use or not permitted; "
                f"devices here: {devices or 'none'}"
            )
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # a queue in the driver would give old frames
        return LatestFrameReader(f"camera {arg}", capture)


PLUGIN = CameraPlugin()
