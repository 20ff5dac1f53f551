"""A live stream that FFmpeg reads, as a Grabber."""

from __future__ import annotations

from edge3dpose.errors import BadInput
from edge3dpose.runtime.sources._latest_frame import Grabber
from edge3dpose.runtime.sources._media import Media
from edge3dpose.runtime.sources._to_bgr import ToBgr
from edge3dpose.types import Image


class LiveMedia(Grabber):
    """Pictures as they come. What is damaged is left out, with a warning."""

    def __init__(self, media: Media) -> None:
        media.low_delay()
        self.fps = media.fps
        self._media = media
        self._frames = media.frames()
        self._to_bgr = ToBgr(media.name, media.geometry)

    def read(self) -> Image | None:
        """The next picture; None where the stream ends or nothing comes any more."""
        try:
            found = next(self._frames, None)
        except BadInput:  # it ended before the first picture
            return None
        return None if found is None else self._to_bgr(found[0])

    def close(self) -> None:
        """Close the connection."""
        self._frames.close()
        self._media.close()
