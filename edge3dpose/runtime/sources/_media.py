"""A video opened by FFmpeg (PyAV): its streams, its decoded frames and their damage."""

from __future__ import annotations

import io
import os
import re
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Any

import av
import av.logging
from av.error import FFmpegError
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from edge3dpose.errors import BadInput
from edge3dpose.runtime.sources import SourceOptions
from edge3dpose.runtime.sources._damage import Damage
from edge3dpose.runtime.sources._deinterlace import Deinterlacer
from edge3dpose.runtime.sources._geometry import Geometry, crop_of, pixel_aspect_of
from edge3dpose.runtime.sources._media_faults import (
    index_too_late,
    no_codec,
    no_such_stream,
    not_opened,
    nothing_decoded,
    refused_kind,
)
from edge3dpose.runtime.sources._pipe import PipeReader

TIMEOUT_S = 10.0  # without data for this long, a stream counts as ended
_MOST_THREADS = 16
_BROKEN_READS = 100  # in a row, after which a file is given up
_NETWORK = {"rtsp_flags": "prefer_tcp", "reconnect": "1", "reconnect_delay_max": "4"}
_QUICK = {"fpsprobesize": "2", "analyzeduration": "1000000"}  # else a slow camera starts late
_PLAYLISTS = ("hls", "dash", "rtsp", "sdp", "rtp")  # the size of their address is not theirs
_STAMPED = ("rtsp", "rtp", "sdp", "mpegts", "flv", "matroska")
_NOT_FILM = Disposition.attached_pic | Disposition.timed_thumbnails
_describing = threading.Lock()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a video is read from.

    file     what PyAV opens: an address, or an object with read()
    name     what the user is told
    network  data may stop coming
    known    it was opened before: its frame rate is not measured again
    """

    file: str | PipeReader | io.FileIO
    name: str
    network: bool = False
    known: bool = False


class Media:
    """An open video of which one stream is read. Not thread-safe, but for cancel()."""

    def __init__(self, place: Place, options: SourceOptions) -> None:
        self.name, self._place = place.name, place
        self._container = _opened(place, options)
        try:
            self.stream = _chosen(self._container, options.stream, place.name)
            description = _description(self._container, self.stream)
            if why := refused_kind(self._container.format.name, description):
                raise BadInput(f"{place.name} {why}")
        except BaseException:
            self.close()
            raise
        aspect = pixel_aspect_of(self.stream.sample_aspect_ratio)
        self.geometry = Geometry(crop_of(description), aspect)
        self.damage = Damage(place.name)
        self._fields = Deinterlacer()
        self._decoded = 0
        self._origin_s: float | None = None

    @property
    def finite(self) -> bool:
        """Whether it has an end, so that every frame is wanted; else it is live."""
        if not self._place.network or self._container.duration:
            return True
        kind = self._container.format.name
        return not kind.startswith(_PLAYLISTS) and self._container.size > 0

    @property
    def stamped(self) -> bool:
        """Whether its time stamps are those of the sender, not counted up by FFmpeg."""
        return self._container.format.name.startswith(_STAMPED)

    @property
    def fps(self) -> float | None:
        """Frames a second by the headers; None where the value makes no sense."""
        rates = (self.stream.average_rate, self.stream.guessed_rate, self.stream.base_rate)
        return next((float(rate) for rate in rates if rate and 0.1 < rate < 1000), None)

    @property
    def frames_hint(self) -> int | None:
        """How many frames there will be, if the headers are right; None where they do not say."""
        duration, fps = self._container.duration, self.fps
        played = int(duration / 1e6 * fps + 0.999) if duration and fps else None
        known = [count for count in (self.stream.frames, played) if count and 0 < count < 1e9]
        return min(known, default=None)

    def low_delay(self) -> None:
        """Decode each frame as soon as it is there: no threads that each hold one back."""
        self.stream.thread_type = "SLICE"

    def frames(self) -> Generator[tuple[VideoFrame, float | None], None, None]:
        """Decoded frames and their presentation times (s); what is damaged is left out and noted.

        Raises BadInput where not one frame can be decoded.
        """
        for packet in self._packets():
            for frame in self._decoded_from(packet):
                for whole in self._fields.push(frame):
                    yield whole, self._time_s(whole)
        for whole in self._fields.flush():
            yield whole, self._time_s(whole)
        if not self._decoded:
            if isinstance(self._place.file, PipeReader) and "mp4" in self._container.format.name:
                raise BadInput(index_too_late(self.name))
            raise BadInput(nothing_decoded(self.name, self.stream, bool(self.damage)))

    def cancel(self) -> None:
        """A read that waits for a pipe ends; callable from any thread."""
        if isinstance(self._place.file, PipeReader):
            self._place.file.cancel()

    def close(self) -> None:
        """Free it; a second call does nothing."""
        self._container.close()
        if not isinstance(self._place.file, str):
            self._place.file.close()

    def _packets(self) -> Iterator[av.Packet]:
        broken, last_s = 0, monotonic()
        while True:
            try:
                for packet in self._container.demux(self.stream):
                    broken = 0
                    yield packet
                    last_s = monotonic()  # what the reader of the frames took does not count
                self._raise_interruption()
                return
            except FFmpegError as error:
                self._raise_interruption()
                broken += 1
                late = monotonic() - last_s > TIMEOUT_S
                if self._place.network or late or broken > _BROKEN_READS:
                    self.damage.ended(error.strerror or str(error))
                    return

    def _decoded_from(self, packet: av.Packet) -> list[VideoFrame]:
        try:
            frames = [frame for frame in packet.decode() if isinstance(frame, VideoFrame)]
        except av.error.EOFError:  # nothing is left after the last frame
            return []
        except FFmpegError:
            if not self._joins_late:
                self._note(packet)
            return []
        if packet.is_corrupt and packet.size and not self._joins_late:  # a part of it is missing
            self._note(packet)
        self._decoded += len(frames)
        for frame in frames:
            if frame.is_corrupt:
                self.damage.patched()
        return frames

    @property
    def _joins_late(self) -> bool:
        """A recording of a broadcast may begin in the middle of a group of pictures."""
        kind = self._container.format.name
        return not self._decoded and (kind == "mpegts" or not self.finite)

    def _note(self, packet: av.Packet) -> None:
        stamp = packet.pts if packet.pts is not None else packet.dts
        at_s = 0.0 if stamp is None else float(stamp * packet.time_base)
        if self._origin_s is None:
            self._origin_s = self._start_s  # the first frame is not where the video begins
        self.damage.add(max(0.0, at_s - self._origin_s))

    @property
    def _start_s(self) -> float:
        start, base = self.stream.start_time, self.stream.time_base
        return 0.0 if start is None or base is None else float(start * base)

    def _time_s(self, frame: VideoFrame) -> float | None:
        """Seconds from the first frame, or from the start of a video whose start is damaged."""
        if frame.pts is None or frame.time_base is None:
            return None
        at_s = float(frame.pts * frame.time_base)
        if self._origin_s is None:
            self._origin_s = at_s
        return at_s - self._origin_s

    def _raise_interruption(self) -> None:
        file = self._place.file
        if isinstance(file, PipeReader) and file.interrupted is not None:
            raise file.interrupted


def _opened(place: Place, options: SourceOptions) -> Any:
    keywords: dict[str, Any] = {"metadata_errors": "replace"}
    if place.network:
        keywords |= {"timeout": TIMEOUT_S, "options": _NETWORK | (_QUICK if place.known else {})}
    if isinstance(place.file, PipeReader):
        keywords["options"] = _QUICK
    if options.hwaccel:
        keywords["hwaccel"] = _hwaccel(options.hwaccel)
    try:
        return av.open(place.file, **keywords)
    except (FFmpegError, OSError, ValueError) as error:
        if not isinstance(place.file, str):
            place.file.close()
        if isinstance(place.file, PipeReader) and place.file.interrupted:
            raise place.file.interrupted from None
        raise BadInput(not_opened(place.name, error, network=place.network)) from None


def _hwaccel(name: str) -> Any:
    from av.codec.hwaccel import HWAccel, hwdevices_available

    devices = hwdevices_available()
    if name not in devices:
        raise BadInput(f"--hwaccel {name}: this FFmpeg has {', '.join(devices) or 'none'}")
    try:
        return HWAccel(name)
    except (FFmpegError, OSError, ValueError, RuntimeError) as error:
        raise BadInput(f"--hwaccel {name} does not start here: {error}") from None


def _chosen(container: Any, wanted: int | None, name: str) -> VideoStream:
    """The largest stream of film, or the one of this number in the file."""
    streams = [s for s in container.streams if s.type == "video"]
    films = [s for s in streams if not s.disposition & _NOT_FILM]
    if wanted is not None:
        chosen = next((s for s in streams if s.index == wanted), None)
        if chosen is None:
            raise BadInput(no_such_stream(name, wanted, films))
    elif not films:
        raise BadInput(f"{name} has no video in it ({container.format.long_name})")
    else:
        chosen = max(films, key=lambda s: (_area(s), bool(s.disposition & Disposition.default)))
    if chosen.codec_context is None:
        raise BadInput(no_codec(name, _description(container, chosen)))
    chosen.thread_type = "AUTO"
    chosen.thread_count = min(os.cpu_count() or 1, _MOST_THREADS)  # FFmpeg's own choice is one more
    return chosen


def _area(stream: VideoStream) -> int:
    context = stream.codec_context
    return 0 if context is None else context.width * context.height


def _description(container: Any, stream: VideoStream) -> str:
    """FFmpeg's own lines about a stream, which tell more than PyAV does."""
    with _describing:  # the level is one for the process
        level = av.logging.get_level()
        av.logging.set_level(av.logging.INFO)
        try:
            text = container.dumps_format()
        finally:
            av.logging.set_level(level)
    parts = re.split(r"(?=Stream #\d+:\d+)", text)
    own = [part for part in parts if re.match(rf"Stream #\d+:{stream.index}\b", part)]
    return own[0] if own else ""
