"""A clip as if its frames came at another rate: what is done by the clock is then done as often.

The bundled clip has five frames a second, so that it is small; a camera has thirty or sixty. The
finder looks for newcomers every quarter of a second, which is every other frame of the one and
every eighth of the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from edge3dpose.runtime.sources import Source
from edge3dpose.types import Frame


class AtRate:
    """A source that is not live, its frames stamped ``fps`` a second."""

    live = False

    def __init__(self, source: Source, fps: float) -> None:
        self._source = source
        self.fps: float | None = fps
        self.name, self.related = source.name, source.related
        self.frames, self.dropped = source.frames, source.dropped
        self._step_s = 1 / fps

    def __iter__(self) -> Iterator[Frame]:
        for frame in self._source:
            yield replace(frame, time_s=frame.index * self._step_s)

    def age_s(self, frame: Frame) -> float:
        """As the source says."""
        return self._source.age_s(frame)

    def close(self) -> None:
        """Close the source."""
        self._source.close()
