"""A video file: every frame, in order, as fast as they are taken."""

from __future__ import annotations

from pathlib import Path

from edge3dpose.errors import BadInput
from edge3dpose.runtime.sources import Source, SourcePlugin


class VideoPlugin(SourcePlugin):
    """Opens video files."""

    name = "video"
    priority = 40

    def takes(self, arg: str | int) -> bool:
        """Files that no other plugin takes."""
        return isinstance(arg, str) and Path(arg).expanduser().exists()

    def open(self, arg: str | int) -> Source:
        """Open a video; BadInput where it is missing, empty or no video."""
        from edge3dpose.runtime.sources._capture import open_capture
        from edge3dpose.runtime.sources._video_file import VideoFile

        path = Path(str(arg)).expanduser()
        if not path.is_file():
            raise BadInput(f"no video file {arg}")
        if path.stat().st_size == 0:
            raise BadInput(f"{arg} is empty (0 bytes), wanted a video")
        return VideoFile(str(arg), open_capture(str(path)))

    def video_file(self, arg: str | int) -> Path | None:
        """The file."""
        return Path(str(arg)).expanduser()


PLUGIN = VideoPlugin()
