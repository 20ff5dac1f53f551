"""The MP4 file of --save."""

from __future__ import annotations

from pathlib import Path

import cv2

from edge3dpose.drawing import SidePanel, beside, draw, resized
from edge3dpose.errors import MissingDependency
from edge3dpose.runtime.sinks import Sink
from edge3dpose.skeletons import H36M17, Skeleton
from edge3dpose.storage import PartFile
from edge3dpose.types import Frame, Pose3D

MAX_HEIGHT = 720  # larger frames are shrunk: the panel is for looking at, not for measuring
MIN_HEIGHT = 240
ASSUMED_FPS = 30.0
MAX_REPEATS = 60  # of one frame, when a live source pauses


class Mp4(Sink):
    """Grows as NAME.part.mp4 in the same folder and gets its own name in close().

    fps   None assumes 30
    live  frames do not come at a fixed rate: they are repeated or left out so that the video has
          their time
    Raises BadInput where the file cannot be written.
    """

    def __init__(
        self,
        path: Path,
        fps: float | None = None,
        *,
        live: bool = False,
        skeleton: Skeleton = H36M17,
    ) -> None:
        self.path = path
        self.skips = live
        self._fps = fps or ASSUMED_FPS
        self._live = live
        self._skeleton = skeleton
        self._out = PartFile(path, ".mp4")
        self._writer: cv2.VideoWriter | None = None
        self._written = 0
        self._done = False

    def __call__(self, frame: Frame, poses: list[Pose3D]) -> None:
        """Draw and write a frame."""
        if self._writer is None:
            self._open(frame)
        assert self._writer is not None
        width, height = self._size
        over = resized(draw(frame.image, poses), width, height)
        picture = beside(over, self._panel(poses, glide=frame.name is None))
        due = round(frame.time_s * self._fps) + 1 if self._live else self._written + 1
        for _ in range(min(due - self._written, MAX_REPEATS)):
            self._writer.write(picture)
        self._written = max(due, self._written)

    def close(self) -> None:
        """Finish the file and give it its name; without a frame there is no file."""
        if self._done:
            return
        if self._writer is None:
            self.discard()
            return
        self._done = True
        self._writer.release()
        self._out.commit()

    def discard(self) -> None:
        """Remove what was written."""
        self._done = True
        if self._writer is not None:
            self._writer.release()
        self._out.discard()

    def _open(self, frame: Frame) -> None:
        rows, columns = frame.image.shape[:2]
        by = min(MAX_HEIGHT, max(MIN_HEIGHT, rows)) / rows
        # most players refuse odd sides
        width, height = (max(16, round(side * by / 2) * 2) for side in (columns, rows))
        width = min(width, 4 * MAX_HEIGHT)
        panel_width = max(240, round(height * 0.4) * 2)
        self._size = (width, height)
        self._panel = SidePanel(panel_width, height, self._skeleton)
        four = cv2.VideoWriter.fourcc(*"mp4v")
        size = (width + panel_width, height)
        self._writer = cv2.VideoWriter(str(self._out.part), four, self._fps, size)
        if not self._writer.isOpened():
            self.discard()
            raise MissingDependency(
                f"this OpenCV ({cv2.__version__}) cannot write MP4; "
                "install one that can: pip install opencv-python-headless"
            )
