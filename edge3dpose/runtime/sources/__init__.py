"""Sources: where frames come from. Each file declares ``PLUGIN``, a ``SourcePlugin``.

``open_source(source)`` opens what --source names, a camera by its number, or images; ``find(arg)``
is the plugin that does. Importing a plugin does not load OpenCV.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from edge3dpose import checks, plugins
from edge3dpose.errors import BadInput, without_secrets
from edge3dpose.types import Frame, Image

FOLDER = "runtime.sources"
FPS = (0.001, 1e6)  # rates that frames can be stamped with
IMAGE_SUFFIXES = {  # a file that is no picture, but ends like one, is told
    *(".jpg", ".jpeg", ".jfif", ".png", ".apng", ".bmp", ".gif", ".webp", ".tif", ".tiff"),
    *(".pgm", ".ppm", ".heic", ".heif", ".avif", ".jp2", ".jxl"),
}


@dataclass(frozen=True, slots=True)
class SourceEvent:
    """What happened to a live source besides its frames.

    kind      source_lost, source_back, source_black or source_frozen
    time_s    on the clock of the frames
    time_utc  by the machine's clock (ISO 8601, UTC)
    facts     what else is known: reason, gap_s
    """

    kind: str
    time_s: float
    time_utc: str
    facts: Mapping[str, float | str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As a line of a poses file has it."""
        return {
            "event": self.kind,
            "time_s": self.time_s,
            "time_utc": self.time_utc,
            **self.facts,
        }


class Source:
    """An open source: gives its frames once. Not thread-safe."""

    name: str = ""  # what the user typed
    live: bool = False  # frames come whether they are taken or not, so some are dropped
    related: bool = True  # frames follow one another in time; False for a folder of images
    fps: float | None = None  # None where it is not known
    frames: int | None = None  # how many there will be; None where it is not known
    dropped: int = 0  # frames of a live source that were not taken, so far
    said: tuple[str, ...] = ()  # what the user should know of it before it starts, a line each
    prefetch: bool = True  # the next frames may be read in a thread, ahead of the loop
    polls_stops: bool = False  # it asks edge3dpose.stopping while it waits
    lazy: bool = False  # the image of a frame may be made when somebody asks for it
    whole: bool = False  # where it is lazy: somebody will ask, so it is made with the frame
    age_from: str = "decode"  # or "capture": where the age of a live frame is counted from
    # called while frames are asked for, in that thread
    on_event: Callable[[SourceEvent], object] | None = None
    # called in that thread while a live source has no frame: what it raises ends the run
    on_wait: Callable[[], object] | None = None

    def __iter__(self) -> Iterator[Frame]:
        """The frames; BadInput where nothing can be read."""
        raise NotImplementedError

    def age_s(self, frame: Frame) -> float:
        """Seconds since the frame was taken; 0 where the source is not live."""
        return 0.0

    def time_utc(self, frame: Frame) -> str | None:
        """When a frame of a live source was taken, by the machine's clock (ISO 8601, UTC)."""
        if not self.live:
            return None
        taken = datetime.now(timezone.utc) - timedelta(seconds=self.age_s(frame))
        return iso_utc(taken)

    def cancel(self) -> None:
        """A read that waits in another thread ends; called before close."""

    def close(self) -> None:
        """Free what it holds; a second call does nothing."""


def iso_utc(time: datetime) -> str:
    """A time in UTC as files have it: ISO 8601, milliseconds."""
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """How a source is read; None leaves it to the source.

    stream        number of a video stream in the file
    hwaccel       FFmpeg's device that decodes, such as cuda, vaapi or videotoolbox
    sequence_fps  the pictures of a folder are frames of one film, so many a second
    resolution    (width, height) that a camera is asked for
    camera_fps    frames a second that a camera is asked for
    pixel_format  four letters that a camera is asked for, such as mjpg
    reconnect_s   a live source that was lost is waited for so long, 0 not at all; None for ever
    wait_s        a live source that is not there at the start is waited for so long
    """

    stream: int | None = None
    hwaccel: str | None = None
    sequence_fps: float | None = None
    resolution: tuple[int, int] | None = None
    camera_fps: float | None = None
    pixel_format: str | None = None
    reconnect_s: float | None = None
    wait_s: float | None = None

    def given(self) -> list[str]:
        """The names of those that are not None."""
        return [field.name for field in fields(self) if getattr(self, field.name) is not None]


NO_OPTIONS = SourceOptions()
LIVE = ("reconnect_s", "wait_s")  # the fields of SourceOptions that every live source knows
_FLAGS = {  # where the flag has another name
    "sequence_fps": "sequence",
    "camera_fps": "fps",
    "reconnect_s": "reconnect",
    "wait_s": "wait",
}

SourceArgument: TypeAlias = "int | str | Path | Source | Iterable[Image] | Iterable[Frame]"


class SourcePlugin:
    """A kind of source: base class."""

    name: str = ""
    priority: int = 0  # plugins are asked in this order, the lowest first
    options: tuple[str, ...] = ()  # the fields of SourceOptions that open_with() knows

    def takes(self, arg: str | int) -> bool:
        """Whether an argument of --source, or the number of a camera, names such a source."""
        raise NotImplementedError

    def open(self, arg: str | int) -> Source:
        """Open it; BadInput says what is wrong with it."""
        raise NotImplementedError

    def open_with(self, arg: str | int, options: SourceOptions) -> Source:
        """Open it by options; those that are not in ``self.options`` are None."""
        return self.open(arg)

    def video_file(self, arg: str | int) -> Path | None:
        """The video file that other programs can read instead; None where there is none."""
        return None


def open_source(
    source: SourceArgument, fps: float | None = None, options: SourceOptions = NO_OPTIONS
) -> Source:
    """Open what names a source: an argument of --source, the number of a camera, or images.

    source  number of a camera; file, folder, URL ...; an iterable of images or Frames; an open
            Source is given back
    fps     stamps the frames of a source that is not live so many a second; None for its own times
    options how it is read
    Raises BadInput that says what is wrong with it.
    """
    if fps is not None:
        fps = checks.number("fps", fps, *FPS, " frames a second")
    opened = _opened(source, options)
    if fps is None:
        return opened
    if opened.live:
        opened.close()
        raise BadInput(f"--fps stamps the frames of a file; {opened.name} has a clock")
    from edge3dpose.runtime.sources._restamped import AtRate

    return AtRate(opened, fps)


def _opened(source: Any, options: SourceOptions) -> Source:
    from edge3dpose.runtime.sources._images_in_memory import ImagesInMemory

    if isinstance(source, int | np.integer) and not isinstance(source, bool):
        return _opened_by_plugin(min(int(source), checks.MOST), options)
    if isinstance(source, str | Path):
        return _opened_by_plugin(str(source), options)
    if isinstance(source, Source):
        return source
    if isinstance(source, np.ndarray) and source.ndim < 4:  # one image, not its rows
        return ImagesInMemory([source])
    if isinstance(source, Iterable):
        return ImagesInMemory(source)
    raise BadInput(
        f"a source of type {type(source).__name__}; wanted the number of a camera, a file, folder "
        "or URL, or an iterable of images"
    )


def _opened_by_plugin(arg: str | int, options: SourceOptions) -> Source:
    plugin = find(arg)
    for name in options.given():
        if name not in plugin.options:
            flag = _FLAGS.get(name, name).replace("_", "-")
            shown = without_secrets(str(arg))
            raise BadInput(
                f"--{flag} has no meaning for a source of the kind {plugin.name}: {shown}"
            )
    return plugin.open_with(arg, options) if options.given() else plugin.open(arg)


def find(arg: str | int) -> SourcePlugin:
    """The plugin for an argument of --source, or for the number of a camera."""
    found: list[SourcePlugin] = plugins.find_all(FOLDER, SourcePlugin)
    for plugin in sorted(found, key=lambda plugin: plugin.priority):
        try:
            if plugin.takes(arg):
                return plugin
        except (OSError, RuntimeError, ValueError):  # a name too long, ~ of nobody
            continue
    shown = without_secrets(str(arg))
    shown = shown if len(shown) < 200 else f"{shown[:200]}..."
    raise BadInput(
        f"no file or folder {shown}; --source takes a video, a picture, a folder, a pattern such "
        "as film/%04d.png, a URL, a device, gst:PIPELINE, - or sample"
    )


def as_bgr(image: Any) -> Image:
    """Any image as OpenCV gives it, as (H, W, 3) uint8: grey, with alpha, 16 bit."""
    if image is None:
        raise BadInput("the image is None: was it read? cv2.imread gives None for a missing file")
    picture = np.asarray(image)
    if picture.dtype == np.uint16:
        picture = (picture >> 8).astype(np.uint8)
    if picture.dtype != np.uint8 or picture.ndim not in (2, 3) or not picture.size:
        raise BadInput(f"a picture of {picture.dtype} {picture.shape}; wanted 8 or 16 bit colour")
    if picture.ndim == 2:
        picture = picture[..., None]
    channels = picture.shape[2]
    if picture.shape[0] in (1, 3, 4) and min(picture.shape[1:]) > 4:
        raise BadInput(
            f"an image of shape {picture.shape}, channels first; wanted (height, width, channels): "
            "image.transpose(1, 2, 0)"
        )
    if channels > 4:
        raise BadInput(
            f"an image of shape {picture.shape}; wanted (height, width, 1 to 4 channels)"
        )
    if channels == 3:
        return picture
    if channels in (1, 2):  # grey, grey with alpha
        return np.repeat(picture[..., :1], 3, axis=2)
    import cv2  # the only case that needs it

    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGRA2BGR), np.uint8)
