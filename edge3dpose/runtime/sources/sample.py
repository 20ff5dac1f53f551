"""The clip that comes with the package: one person doing squats, 13 s at 5 fps (see NOTICE)."""

from __future__ import annotations

from pathlib import Path

from edge3dpose.errors import BadInput
from edge3dpose.runtime.sources import NO_OPTIONS, Source, SourcePlugin

FILE = Path(__file__).with_suffix(".mp4")


class SamplePlugin(SourcePlugin):
    """Opens the bundled clip."""

    name = "sample"

    def takes(self, arg: str | int) -> bool:
        """The word sample."""
        return arg == "sample"

    def open(self, arg: str | int) -> Source:
        """Open the clip."""
        from edge3dpose.runtime.sources._film import open_film
        from edge3dpose.runtime.sources._media import Place

        if not FILE.is_file():
            raise BadInput(f"{FILE} is missing; reinstall edge3dpose")
        return open_film(Place(f"file:{FILE}", "sample"), NO_OPTIONS, FILE)

    def video_file(self, arg: str | int) -> Path | None:
        """The clip."""
        return FILE


PLUGIN = SamplePlugin()
