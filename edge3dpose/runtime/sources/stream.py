"""A URL: a live stream is read like a camera; a stream that has an end is read like a video."""

from __future__ import annotations

from edge3dpose.errors import without_secrets
from edge3dpose.runtime.sources import NO_OPTIONS, Source, SourceOptions, SourcePlugin


class StreamPlugin(SourcePlugin):
    """Opens URLs that FFmpeg understands: rtsp, http, udp, file ..."""

    name = "stream"
    priority = 20
    options = ("stream", "hwaccel")

    def takes(self, arg: str | int) -> bool:
        """URLs."""
        return isinstance(arg, str) and "://" in arg

    def open(self, arg: str | int) -> Source:
        """Open a URL; BadInput where nothing answers, or no video."""
        return self.open_with(arg, NO_OPTIONS)

    def open_with(self, arg: str | int, options: SourceOptions) -> Source:
        """Open a URL: one of its video streams, with a decoder of the hardware."""
        from edge3dpose.runtime.sources._film import Film
        from edge3dpose.runtime.sources._latest_frame import LatestFrameReader
        from edge3dpose.runtime.sources._live_media import LiveMedia
        from edge3dpose.runtime.sources._media import Media, Place

        place = Place(str(arg), without_secrets(str(arg)), network=True)
        media = Media(place, options)
        if media.finite:
            return Film(media)
        found = [media]  # opened already; the next time anew
        return LatestFrameReader(
            place.name, lambda: LiveMedia(found.pop() if found else Media(place, options))
        )


PLUGIN = StreamPlugin()
