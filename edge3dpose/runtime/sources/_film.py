"""A video that has an end: every frame, in order, at its presentation time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from av.video.frame import VideoFrame

from edge3dpose.errors import BadInput, EndedEarly
from edge3dpose.runtime.sources import Source, SourceOptions
from edge3dpose.runtime.sources._cut_off import missing_bytes
from edge3dpose.runtime.sources._media import Media, Place
from edge3dpose.runtime.sources._to_bgr import ToBgr
from edge3dpose.types import Frame, Image

ASSUMED_FPS = 30.0  # where nothing says
_JUMP_S = 0.5  # a time that goes back further than this is another clock


class Film(Source):
    """Frames of a file, a pipe, or a stream that has an end.

    The first frame is decoded at once: a file that opens and holds none is an error before anything
    starts.
    path  of a plain file
    """

    def __init__(self, media: Media, path: Path | None = None) -> None:
        self.name, self.fps, self.frames = media.name, media.fps, media.frames_hint
        self._media, self._path = media, path
        self._read = self._media.frames()
        self._to_bgr = ToBgr(media.name, media.geometry)
        try:
            self._first = next(self._read, None)
            if self._first is None:
                raise BadInput(f"{self.name} has no frame in it")
            self._image: Image | None = self._to_bgr(self._first[0])
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[Frame]:
        """The frames.

        Raises EndedEarly after the last one where something could not be read, or is not there.
        """
        stamps = _Stamps(1 / (self.fps or ASSUMED_FPS))
        index, now = 0, self._first
        self._first = None
        while now is not None:
            yield self._frame(now[0], index, stamps.next(now[1]))
            index += 1
            now = next(self._read, None)
        damage = self._media.damage
        if self._path is not None and (missing := missing_bytes(self._path, self._media.stream)):
            damage.ended(f"it is truncated, {missing} bytes are missing")
        if damage:
            raise EndedEarly(damage.text(index))

    def cancel(self) -> None:
        """A read that waits for a pipe ends."""
        self._media.cancel()

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        self._read.close()
        self._media.close()

    def _frame(self, decoded: VideoFrame, index: int, time_s: float) -> Frame:
        image, self._image = self._image, None  # of the first
        if self.lazy and (picture := self._to_bgr.picture(decoded)):
            if self.whole:
                picture.image()
            return Frame.of(picture, index, time_s)
        return Frame(self._to_bgr(decoded) if image is None else image, index, time_s)


def open_film(place: Place, options: SourceOptions, path: Path | None = None) -> Film:
    """Open a video that has an end; BadInput says what is wrong with it."""
    return Film(Media(place, options), path)


class _Stamps:
    """Presentation times that run forward, whatever the file says."""

    def __init__(self, step_s: float) -> None:
        self._step_s = step_s
        self._last_s: float | None = None
        self._shift_s = 0.0

    def next(self, stamp_s: float | None) -> float:
        """The time of the next frame; one without a time follows the last by a step."""
        last_s = self._last_s
        if last_s is None:
            self._last_s = stamp_s or 0.0
            return self._last_s
        found_s = last_s + self._step_s if stamp_s is None else stamp_s + self._shift_s
        if found_s <= last_s + 1e-5:
            if last_s - found_s > _JUMP_S:  # two recordings in one file: the second follows
                self._shift_s += last_s + self._step_s - found_s
            found_s = last_s + self._step_s
        self._last_s = found_s
        return found_s
