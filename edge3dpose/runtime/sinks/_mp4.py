"""The video of --save: H.264 in MP4, which browsers, phones and QuickTime play."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2

from edge3dpose.drawing import SidePanel, beside, draw, resized
from edge3dpose.errors import BadInput, MissingDependency
from edge3dpose.outputs import MARK, Output
from edge3dpose.runtime.sinks import Sink, Stop
from edge3dpose.runtime.sinks._sound import Sound
from edge3dpose.skeletons import H36M17, Skeleton
from edge3dpose.types import Frame, Image, Pose3D

MAX_HEIGHT = 720  # larger frames are shrunk: the panel is for looking at, not for measuring
MIN_HEIGHT = 240
ASSUMED_FPS = 30.0
TICKS = 90_000  # of the clock, a second
BT601, LIMITED = 6, 1  # FFmpeg's numbers
FRAGMENT_S = 1.0  # a killed run loses at most so much
# the wheel's software encoder; the other two stand in where a build has it not
ENCODERS = {
    # ultrafast: on two cores veryfast takes twice the time, which the poses then lack
    "libx264": {"preset": "ultrafast", "tune": "zerolatency", "crf": "22"},
    "libopenh264": {"rc_mode": "quality"},
    "h264_v4l2m2m": {},
}
# fragments while it is written; a plain MP4 at the end, where the file can be sought
GROWING = "+hybrid_fragmented+default_base_moof"
PIPED = "+empty_moov+default_base_moof"
INSTALL = "pip install -U av"


@dataclass(frozen=True, slots=True)
class Timing:
    """When frames are shown.

    fps   of the source: how long the last frame is shown; None assumes 30
    even  frames are shown so many a second, whatever their times
    live  frames may be left out when they come too fast
    sound  file whose sound goes with them
    """

    fps: float | None = None
    even: bool = False
    live: bool = False
    sound: str | None = None


class Mp4(Sink):
    """Every frame at its own time. Grows as NAME.part.mp4, playable up to its last second.

    path  a plain file gets its name in close(); a device, a pipe and "-" are written to
    Raises BadInput where the file cannot be written, MissingDependency without an encoder.
    """

    def __init__(
        self,
        path: Path,
        timing: Timing | None = None,
        skeleton: Skeleton | None = H36M17,
        *,
        overwrite: bool = False,
    ) -> None:
        self._timing = timing or Timing()
        self.skips = self._timing.live
        self._skeleton = skeleton
        self._packages = _import()
        self._sound = Sound(self._timing.sound) if self._timing.sound else None
        self._out = Output(path, ".mp4", overwrite=overwrite)
        self.path = path if self._out.part else None
        self._video: _Video | None = None
        self._failed = False

    def __call__(self, frame: Frame, poses: list[Pose3D]) -> None:
        """Draw and write a frame; raises Stop when the reader of a pipe has gone."""
        if self._video is None:
            self._begin(frame)
        assert self._video is not None
        width, height = self._size
        over = resized(draw(frame.image, poses), width, height)
        panel = self._panel  # 2D poses have no side view
        picture = beside(over, panel(poses, glide=frame.name is None)) if panel else over
        try:
            self._video.add(picture, frame)
        except BaseException as error:
            raise self._fault(error) from error

    def close(self) -> None:
        """Finish the file and give it its name; without a frame there is no file."""
        if self._video is None or self._failed:
            self.discard()
            return
        video, self._video = self._video, None
        try:
            video.close()
        except BrokenPipeError:
            self._keep()
        except BaseException:
            self._keep()
            raise
        else:
            self._out.commit()

    def discard(self) -> None:
        """Remove what was written; what a full disk cut off is kept, for it can be played."""
        video, self._video = self._video, None
        if video is not None:
            video.abandon()
        if self._failed:
            self._keep()
        else:
            self.discarded = True
            self._out.discard()

    def _keep(self) -> None:
        self.discarded = True
        self._out.keep()

    def _fault(self, error: BaseException) -> BaseException:
        if isinstance(error, BrokenPipeError):
            return Stop()
        self._failed = isinstance(error, BadInput)
        if isinstance(error, self._packages.FFmpegError):
            return BadInput(f"cannot write {self._out.path}: {error.strerror}")
        return error

    def _begin(self, frame: Frame) -> None:
        columns, rows = frame.size_px
        by = min(MAX_HEIGHT, max(MIN_HEIGHT, rows)) / rows
        # 4:2:0 has no odd sides
        width, height = (max(16, round(side * by / 2) * 2) for side in (columns, rows))
        width = min(width, 4 * MAX_HEIGHT)
        panel_width = max(240, round(height * 0.4) * 2) if self._skeleton else 0
        self._size = (width, height)
        skeleton = self._skeleton
        self._panel = SidePanel(panel_width, height, skeleton) if skeleton else None
        self._video = _Video(self._packages, self._out, (width + panel_width, height), self._timing)
        self._video.hear(self._sound)


class _Video:
    """The stream in the container."""

    def __init__(self, av: Any, out: Output, size: tuple[int, int], timing: Timing) -> None:
        self._av, self._timing = av, timing
        self._first_s = 0.0
        self._count, self._last = 0, -1
        self._sound: Sound | None = None
        options = {
            "movflags": GROWING if out.seekable() else PIPED,
            "frag_duration": str(round(FRAGMENT_S * 1e6)),
            "flush_packets": "1",
        }
        self._container = av.open(out, "w", format="mp4", options=options)
        self._container.metadata["comment"] = MARK
        name = _encoder(av)
        fps = Fraction(min(max(timing.fps or ASSUMED_FPS, 1), 240)).limit_denominator(1001)
        self._stream = self._container.add_stream(name, rate=fps, options=dict(ENCODERS[name]))
        self._stream.width, self._stream.height = size
        self._stream.pix_fmt = "yuv420p"
        context = self._stream.codec_context
        context.time_base = Fraction(1, TICKS)
        context.gop_size = max(1, round(2 * float(fps)))
        context.colorspace = context.color_primaries = context.color_trc = BT601
        context.color_range = LIMITED
        self._shown = round(TICKS / float(fps))

    def add(self, picture: Image, frame: Frame) -> None:
        """Encode a picture (H, W, 3) BGR at the time of its frame."""
        planes = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420)  # BT.601, a sixth of swscale's time
        made = self._av.VideoFrame.from_ndarray(planes, format="yuv420p")
        made.pts, made.time_base = self._due(frame), Fraction(1, TICKS)
        made.duration = self._shown
        if self._sound is not None:
            self._sound.until(self._last / TICKS)
        for packet in self._stream.encode(made):
            self._container.mux(packet)

    def hear(self, sound: Sound | None) -> None:
        """Put a sound beside the pictures; called before the first of them."""
        self._sound = sound
        if sound is not None:
            sound.begin(self._container)

    def close(self) -> None:
        """Write what the encoder holds, and the end of the file."""
        try:
            if self._sound is not None:
                self._sound.until((self._last + self._shown) / TICKS)
            for packet in self._stream.encode(None):
                self._container.mux(packet)
        finally:
            self._container.close()
            self._close_sound()

    def abandon(self) -> None:
        """Free the encoder of a file that is not wanted."""
        with suppress(OSError, self._av.FFmpegError, BadInput):
            self._container.close()
        self._close_sound()

    def _close_sound(self) -> None:
        if self._sound is not None:
            self._sound.close()

    def _due(self, frame: Frame) -> int:
        """The frame's time in ticks since the first; later than the one before it."""
        time_s = self._count / (self._timing.fps or 1) if self._timing.even else frame.time_s
        if self._count == 0:
            self._first_s = time_s
        self._count += 1
        self._last = max(round((time_s - self._first_s) * TICKS), self._last + 1)
        return self._last


def _encoder(av: Any) -> str:
    for name in ENCODERS:
        try:
            av.codec.Codec(name, "w")
        except av.FFmpegError:
            continue
        return name
    raise MissingDependency(f"this PyAV ({av.__version__}) has no encoder of H.264; {INSTALL}")


def _import() -> Any:
    try:
        import av
    except ImportError as error:
        raise MissingDependency(f"--save needs PyAV ({error}); {INSTALL}") from error
    return av
