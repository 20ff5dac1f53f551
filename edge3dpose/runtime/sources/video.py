"""A video file or a pipe: every frame, in order, as fast as they are taken."""

from __future__ import annotations

from pathlib import Path

from edge3dpose.errors import BadInput
from edge3dpose.runtime.sources import NO_OPTIONS, Source, SourceOptions, SourcePlugin


class VideoPlugin(SourcePlugin):
    """Opens video files, FIFOs and standard input (-)."""

    name = "video"
    priority = 40
    options = ("stream", "hwaccel")

    def takes(self, arg: str | int) -> bool:
        """Files that no other plugin takes."""
        return isinstance(arg, str) and (arg == "-" or Path(arg).expanduser().exists())

    def open(self, arg: str | int) -> Source:
        """Open a video; BadInput where it is missing, empty or no video."""
        return self.open_with(arg, NO_OPTIONS)

    def open_with(self, arg: str | int, options: SourceOptions) -> Source:
        """Open a video: one of its video streams, with a decoder of the hardware."""
        from edge3dpose.runtime.sources._film import open_film
        from edge3dpose.runtime.sources._media import Place
        from edge3dpose.runtime.sources._pipe import is_pipe, open_pipe

        if is_pipe(str(arg)):
            name = "stdin" if arg == "-" else str(arg)
            return open_film(Place(open_pipe(str(arg)), name), options)
        path = Path(str(arg)).expanduser()
        if not path.is_file():
            raise BadInput(f"no video file {arg}")
        if path.stat().st_size == 0:
            raise BadInput(f"{arg} is empty (0 bytes), wanted a video")
        # an absolute path: what stands before a colon is no protocol then
        return open_film(Place(f"file:{path.absolute()}", str(arg)), options, path)

    def video_file(self, arg: str | int) -> Path | None:
        """The file."""
        path = Path(str(arg)).expanduser()
        return path if path.is_file() else None


PLUGIN = VideoPlugin()
