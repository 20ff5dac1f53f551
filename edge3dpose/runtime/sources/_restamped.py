"""A clip as if its frames came at another rate, for stages that depend on time.

The bundled clip has five frames a second, so that it is small; a camera has thirty or sixty. The
detector searches for new people every quarter of a second: every other frame of the clip, and every
eighth of a camera.
"""

from __future__ import annotations

from collections.abc import Iterator

from edge3dpose.runtime.sources import Source
from edge3dpose.types import Frame


class AtRate(Source):
    """A source that is not live, with its frames stamped ``fps`` a second."""

    def __init__(self, source: Source, fps: float) -> None:
        self._source = source
        self.fps = fps
        self.name, self.related = source.name, source.related
        self.frames, self.dropped = source.frames, source.dropped
        self.prefetch = source.prefetch
        self._step_s = 1 / fps

    def __iter__(self) -> Iterator[Frame]:
        self._source.lazy, self._source.whole = self.lazy, self.whole
        for frame in self._source:
            yield frame.but(time_s=frame.index * self._step_s)

    def age_s(self, frame: Frame) -> float:
        """The source's own answer."""
        return self._source.age_s(frame)

    def cancel(self) -> None:
        """A read that waits ends."""
        self._source.cancel()

    def close(self) -> None:
        """Close the source."""
        self._source.close()
