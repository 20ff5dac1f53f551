"""The sound of a video file, put beside the pictures of --save."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from edge3dpose.errors import BadInput

COPIED = ("aac", "mp3")  # other kinds are encoded as AAC, which every player of MP4 has
AAC = "aac"


class Sound:
    """The first audio stream of a file, read on as the pictures go on.

    source  path of the video file
    Raises BadInput for what is no file, and for a file without sound.
    """

    def __init__(self, source: str) -> None:
        import av

        self._av = av
        if not Path(source).is_file():
            raise BadInput(f"--audio keeps the sound of a video file; {source} is none")
        try:
            self._container = av.open(source, metadata_errors="replace")
        except (av.FFmpegError, OSError) as error:
            raise BadInput(f"the sound of {source} cannot be read: {error}") from None
        if not self._container.streams.audio:
            self._container.close()
            raise BadInput(f"{source} has no sound; leave --audio out")
        self._stream = self._container.streams.audio[0]
        self._origin_s = self._start_of_the_picture_s()
        self._waiting: Any = None
        self._out: Any = None
        self._encoder: Any = None

    def begin(self, container: Any) -> None:
        """Add the stream to a container that is written."""
        if self._stream.codec_context.name in COPIED:
            self._out = container.add_stream_from_template(self._stream)
            self._packets = self._copied()
        else:
            self._out = self._encoder = container.add_stream(AAC, rate=self._stream.rate)
            self._encoder.layout = "mono" if self._stream.channels == 1 else "stereo"
            self._packets = self._encoded()
        self._container_out = container

    def until(self, time_s: float) -> None:
        """Write what is heard before a time of the video, s."""
        while True:
            if self._waiting is None:
                self._waiting = next(self._packets, None)
            if self._waiting is None or _time_s(self._waiting) > time_s:
                return
            self._container_out.mux(self._waiting)
            self._waiting = None

    def close(self) -> None:
        """Close the file that is read. A second call does nothing."""
        self._container.close()

    def _start_of_the_picture_s(self) -> float:
        video = next(iter(self._container.streams.video), None)
        if video is None or video.start_time is None or video.time_base is None:
            return 0.0
        return float(video.start_time * video.time_base)

    def _demuxed(self) -> Iterator[Any]:
        """Packets until the end, or until the file cannot be read on."""
        with suppress(self._av.FFmpegError, OSError):
            for packet in self._container.demux(self._stream):
                if packet.pts is not None and packet.time_base is not None:
                    yield packet

    def _copied(self) -> Iterator[Any]:
        for packet in self._demuxed():
            shift = round(self._origin_s / packet.time_base)
            packet.pts -= shift
            packet.dts = packet.pts
            if packet.pts >= 0:
                packet.stream = self._out
                yield packet

    def _encoded(self) -> Iterator[Any]:
        resampler = self._av.AudioResampler("fltp", self._encoder.layout, self._encoder.rate)
        for packet in self._demuxed():
            frames = []
            with suppress(self._av.FFmpegError):  # what is damaged is not heard
                frames = [f for one in packet.decode() for f in resampler.resample(one)]
            for frame in frames:
                if frame.pts is not None and frame.time_base is not None:
                    frame.pts -= round(self._origin_s / frame.time_base)
                    if frame.pts < 0:
                        continue
                yield from self._encoder.encode(frame)
        yield from self._encoder.encode(None)


def _time_s(packet: Any) -> float:
    return float(packet.pts * packet.time_base)
