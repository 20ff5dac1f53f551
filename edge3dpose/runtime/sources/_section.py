"""A stretch of a video file, read from a key frame on: the same frames at the same times."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from av.error import FFmpegError
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from edge3dpose.errors import BadInput, EndedEarly
from edge3dpose.runtime.sources import NO_OPTIONS, Source
from edge3dpose.runtime.sources._deinterlace import Deinterlacer
from edge3dpose.runtime.sources._film import Film
from edge3dpose.runtime.sources._media import Media, Place
from edge3dpose.types import Frame

LEAST_STEP_S = 1e-3  # between frames, for their times to tell them apart
_SEEKS_WELL = ("mov,mp4", "matroska", "mpegts", "avi")  # containers that say where key frames are
_BACK_S = (0.0, 1.0, 5.0, 30.0, 300.0)  # a seek that lands too late is tried from so much earlier


@dataclass(frozen=True, slots=True)
class FrameTimes:
    """When the frames of a file are shown, seconds from the first decoded one.

    origin_s  of the first decoded frame on the file's own clock
    times_s   (N,) of all frames, in order
    keys_s    (K,) of those from which it can be read
    """

    origin_s: float
    times_s: NDArray[np.float64]
    keys_s: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Reach:
    """What is read of a file.

    first_s   of a key frame; 0 is the start
    until_s   frames from here on are left out; None reads to the end
    origin_s  of FrameTimes
    """

    first_s: float
    until_s: float | None
    origin_s: float


def frame_times(path: Path) -> FrameTimes | None:
    """The times of all frames, of which none is decoded but the first.

    None where the file cannot be read from the middle: a container without times or an index, times
    that jump, damage. Raises BadInput where it is no video.
    """
    media = _Scanned(_place(path), NO_OPTIONS)
    try:
        if not media.seeks_well or (origin_s := media.first_s()) is None:
            return None
    finally:
        media.close()
    media = _Scanned(_place(path), NO_OPTIONS)
    try:
        found = media.packets()
    except FFmpegError:
        return None
    finally:
        media.close()
    if found is None:
        return None
    times_s, keys_s = (np.sort(one) - origin_s for one in found)
    times_s, keys_s = times_s[times_s > -1e-6], keys_s[keys_s > -1e-6]
    if len(times_s) < 2 or np.diff(times_s).min() < LEAST_STEP_S:
        return None
    return FrameTimes(origin_s, times_s, keys_s)


class Section(Source):
    """The frames of a file from a key frame on; their numbers begin at 0, times are the file's."""

    def __init__(self, path: Path, reach: Reach) -> None:
        place = _place(path)
        begins = reach.first_s <= 0
        self._media = Media(place, NO_OPTIONS) if begins else _FromKeyFrame(place, reach)
        self._film = Film(self._media, path)
        self.name, self.fps, self._until_s = self._film.name, self._film.fps, reach.until_s
        if reach.until_s is not None and self.fps:
            self.frames = max(1, round((reach.until_s - reach.first_s) * self.fps))

    def __iter__(self) -> Iterator[Frame]:
        """The frames.

        Raises EndedEarly after the last one where some could not be read.
        """
        self._film.lazy, self._film.whole = self.lazy, self.whole
        for frame in self._film:
            if self._until_s is not None and frame.time_s >= self._until_s:
                if self._media.damage:
                    raise EndedEarly(self._media.damage.text(frame.index))
                return
            yield frame

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        self._film.close()


class _FromKeyFrame(Media):
    """A video that is read from a key frame on; what is decoded before is left out, unsaid."""

    def __init__(self, place: Place, reach: Reach) -> None:
        super().__init__(place, NO_OPTIONS)
        self._origin_s, self._first_s = reach.origin_s, reach.first_s
        self._reached = False

    def frames(self) -> Generator[tuple[VideoFrame, float | None], None, None]:
        """The frames from the key frame on; BadInput where it is not found."""
        for back_s in _BACK_S:
            self._seek(max(0.0, self._first_s - back_s))
            read = super().frames()
            if (first := self._first(read)) is not None:
                self._reached = True
                yield first
                yield from read
                return
        raise BadInput(f"{self.name} cannot be read from {self._first_s:.2f} s on")

    def _first(
        self, read: Iterator[tuple[VideoFrame, float | None]]
    ) -> tuple[VideoFrame, float | None] | None:
        """The frame of the key frame's time; None where a seek landed after it."""
        near_s = LEAST_STEP_S / 2
        try:
            for frame, time_s in read:
                if time_s is not None and time_s >= self._first_s - near_s:
                    return (frame, time_s) if time_s <= self._first_s + near_s else None
        except BadInput:  # nothing can be decoded from there on
            pass
        return None

    @property
    def _joins_late(self) -> bool:
        """Frames that refer to others before the key frame cannot be decoded; none is wanted."""
        return not self._reached

    def _seek(self, time_s: float) -> None:
        base = self.stream.time_base
        assert base is not None
        assert self._origin_s is not None
        self._fields = Deinterlacer()
        self._container.seek(round((time_s + self._origin_s) / base), stream=self.stream)


class _Scanned(Media):
    """A video whose packets are looked at."""

    @property
    def seeks_well(self) -> bool:
        """Whether it is of a container that is read from the middle here."""
        return bool(self._container.format.name.startswith(_SEEKS_WELL))

    def first_s(self) -> float | None:
        """The time of the first decoded frame on the file's own clock."""
        for frame, _ in self.frames():
            if frame.pts is None or frame.time_base is None:
                return None
            return float(frame.pts * frame.time_base)
        return None

    def packets(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Times of all packets and of those with key frames, on the file's own clock.

        None where one has no time, or where the times begin anew.
        """
        stamps, keys, last = [], [], None
        for packet in self._container.demux(self.stream):
            if not packet.size or packet.is_discard:
                continue
            if packet.pts is None or packet.is_corrupt:
                return None
            if packet.dts is not None:
                if last is not None and packet.dts < last:
                    return None
                last = packet.dts
            stamps.append(packet.pts)
            if packet.is_keyframe:
                keys.append(packet.pts)
        base = float(self.stream.time_base or 0)
        return np.array(stamps, np.float64) * base, np.array(keys, np.float64) * base


def _place(path: Path) -> Place:
    return Place(f"file:{path.absolute()}", str(path))
