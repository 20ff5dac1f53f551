"""A URL: a live stream is read like a camera; a stream that has an end is read like a video."""

from __future__ import annotations

from dataclasses import replace

from edge3dpose.errors import BadInput, without_secrets
from edge3dpose.runtime.sources import LIVE, NO_OPTIONS, Source, SourceOptions, SourcePlugin


class StreamPlugin(SourcePlugin):
    """Opens URLs that FFmpeg understands: rtsp, http, udp, file ..."""

    name = "stream"
    priority = 20
    options = ("stream", "hwaccel", *LIVE)

    def takes(self, arg: str | int) -> bool:
        """URLs."""
        return isinstance(arg, str) and "://" in arg

    def open(self, arg: str | int) -> Source:
        """Open a URL; BadInput where nothing answers, or no video."""
        return self.open_with(arg, NO_OPTIONS)

    def open_with(self, arg: str | int, options: SourceOptions) -> Source:
        """Open a URL: one of its video streams, with a decoder of the hardware."""
        from edge3dpose.runtime.sources import _retry
        from edge3dpose.runtime.sources._film import Film
        from edge3dpose.runtime.sources._live_media import LiveMedia
        from edge3dpose.runtime.sources._live_source import LiveSource
        from edge3dpose.runtime.sources._media import Media, Place

        place = Place(str(arg), without_secrets(str(arg)), network=True)
        retry = _retry.retry_of(options, _retry.server_of(str(arg)))
        media = _retry.waited_for(lambda: Media(place, options), retry)
        if media.finite:
            return Film(media)

        def again() -> LiveMedia:
            media = Media(replace(place, known=True), options)
            if media.finite:
                media.close()
                raise BadInput(f"{place.name} is a recording now, no live stream")
            return LiveMedia(media)

        return LiveSource(place.name, LiveMedia(media), again, retry)


PLUGIN = StreamPlugin()
