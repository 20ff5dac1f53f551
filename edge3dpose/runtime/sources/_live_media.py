"""A live stream that FFmpeg reads, as a Grabber."""

from __future__ import annotations

from time import monotonic

from edge3dpose.errors import BadInput
from edge3dpose.runtime.sources._grabber import CAPTURE, DECODE, Grabber, Picture
from edge3dpose.runtime.sources._media import Media
from edge3dpose.runtime.sources._stream_clock import StreamClock
from edge3dpose.runtime.sources._to_bgr import ToBgr


class LiveMedia(Grabber):
    """Pictures as they come. What is damaged is left out, with a warning."""

    def __init__(self, media: Media) -> None:
        media.low_delay()
        self.fps = media.fps
        self.age_from = CAPTURE if media.stamped else DECODE
        self._media = media
        self._frames = media.frames()
        self._to_bgr = ToBgr(media.name, media.geometry)
        self._clock = StreamClock()

    def read(self) -> Picture | None:
        """The next picture; None where the stream ends or nothing comes any more."""
        try:
            found = next(self._frames, None)
        except BadInput:  # it ended before the first picture
            found = None
        if found is None:
            self.fault = self._media.damage.why or self.fault
            return None
        frame, stamp_s = found
        known_s = stamp_s if self.age_from == CAPTURE else None
        return Picture(self._to_bgr(frame), self._clock.delay_s(known_s, monotonic()))

    def close(self) -> None:
        """Close the connection."""
        self._frames.close()
        self._media.close()
