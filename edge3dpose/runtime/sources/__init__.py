"""Where frames come from: a camera, file, folder, URL, pipeline or `sample` -> Source."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from edge3dpose import plugins
from edge3dpose.errors import BadInput
from edge3dpose.types import Frame, Image

PICTURES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm"}


class Source(Protocol):
    """Frames, once; not thread-safe. Iterating raises BadInput where nothing can be read."""

    name: str  # what the user typed
    live: bool  # frames come whether somebody takes them or not, so some are dropped
    related: bool  # frames follow one another in time; False for a folder of pictures
    fps: float | None  # None where nobody knows
    frames: int | None  # how many there will be; None where nobody knows
    dropped: int  # so far

    def __iter__(self) -> Iterator[Frame]: ...

    def age_s(self, frame: Frame) -> float:
        """Seconds since the frame was taken; 0 where the source is not live."""
        ...

    def close(self) -> None: ...


def open_source(arg: str) -> Source:
    """Open what --source names; BadInput says what is wrong with it."""
    return plugins.load("runtime.sources", kind_of(arg)).open_source(arg)


def kind_of(arg: str) -> str:
    """Which choice of this room an argument is for."""
    if arg == "sample":
        return "sample"
    if arg.startswith("gst:"):  # before URLs, which may be part of it
        return "gstreamer"
    if "://" in arg:
        return "stream"
    path = Path(arg).expanduser()
    if not path.exists():
        raise BadInput(
            f"no file or folder {arg}; --source takes a video, a folder of "
            "images, a URL, gst:PIPELINE or sample"
        )
    return "images" if path.is_dir() or path.suffix.lower() in PICTURES else "video"


def as_bgr(image: Any) -> Image:
    """Any picture that OpenCV gives, as (H, W, 3) uint8: grey, with alpha, 16 bit."""
    picture = np.asarray(image)
    if picture.dtype == np.uint16:
        picture = (picture >> 8).astype(np.uint8)
    if picture.dtype != np.uint8 or picture.ndim not in (2, 3) or not picture.size:
        raise BadInput(f"a picture of {picture.dtype} {picture.shape}; wanted 8 or 16 bit colour")
    if picture.ndim == 2:
        picture = picture[..., None]
    channels = picture.shape[2]
    if channels == 3:
        return picture
    if channels in (1, 2):  # grey, grey with alpha
        return np.repeat(picture[..., :1], 3, axis=2)
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGRA2BGR), np.uint8)
