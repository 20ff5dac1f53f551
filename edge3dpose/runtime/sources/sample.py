"""The clip that comes with the package: one person doing squats, 13 s at 5 fps (see NOTICE)."""

from __future__ import annotations

from pathlib import Path

from edge3dpose.errors import BadInput
from edge3dpose.runtime.sources import Source, SourcePlugin

FILE = Path(__file__).with_suffix(".mp4")


class SamplePlugin(SourcePlugin):
    """Opens the bundled clip."""

    name = "sample"

    def takes(self, arg: str | int) -> bool:
        """The word sample."""
        return arg == "sample"

    def open(self, arg: str | int) -> Source:
        """Open the clip."""
        from edge3dpose.runtime.sources._capture import open_capture
        from edge3dpose.runtime.sources._video_file import VideoFile

        if not FILE.is_file():
            raise BadInput(f"{FILE} is missing; reinstall edge3dpose")
        return VideoFile("sample", open_capture(str(FILE)))

    def video_file(self, arg: str | int) -> Path | None:
        """The clip."""
        return FILE


PLUGIN = SamplePlugin()
