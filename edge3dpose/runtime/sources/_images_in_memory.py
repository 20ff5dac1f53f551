"""Images that a program gives one by one -> Source: frames of one video, in order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sized
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np

from edge3dpose import checks
from edge3dpose.camera import check_camera
from edge3dpose.errors import BadInput
from edge3dpose.runtime.sources import Source, as_bgr
from edge3dpose.types import Frame, Image


class ImagesInMemory(Source):
    """Any iterable of images (H, W, 3) uint8 BGR, stamped by the clock; a Frame stays as it is.

    Frames must have times that do not go back.
    """

    name = "images"
    prefetch = False  # the iterable is asked in the thread of the caller, when it is its turn

    def __init__(self, images: Iterable[Image] | Iterable[Frame]) -> None:
        self._images = images
        self.frames = len(images) if isinstance(images, Sized) else None

    def __iter__(self) -> Iterator[Frame]:
        """A frame an image; BadInput for what is no image."""
        start_s, last_s = perf_counter(), -math.inf
        for index, image in enumerate(self._images):
            if isinstance(image, Frame):
                frame = _checked(image, index, last_s)
                last_s = frame.time_s
                yield frame
                continue
            try:
                picture = as_bgr(image)
            except (BadInput, ValueError) as error:
                raise BadInput(f"image {index}: {error}") from None
            yield Frame(picture, index, perf_counter() - start_s)


def _checked(frame: Frame, n: int, last_s: float) -> Frame:
    """A frame that a program made, its numbers Python's own; BadInput for one that cannot be."""
    image: Any = frame.image
    if isinstance(image, np.ndarray):
        found = f"{image.dtype} {image.shape}" if image.dtype != np.uint8 or not image.size else ""
    else:  # of a GPU: the engine that cuts crops from it looks at it
        on_gpu = hasattr(image, "__cuda_array_interface__")
        found = "" if on_gpu else f"type {type(image).__name__}"
    if found:
        raise BadInput(f"frame {n}: an image of {found}; wanted uint8 (height, width, 3)")
    if frame.camera is not None:
        check_camera(frame.camera, f"frame {n}: camera")
    time_s = checked_time(frame.time_s, last_s)
    index = checks.count(f"frame {n}: index", frame.index, least=0)
    return replace(frame, index=index, time_s=time_s)


def checked_time(time_s: Any, last_s: float) -> float:
    """A frame's time; BadInput where it is no number or before that of the frame before it."""
    found = checks.number("time_s", time_s, unit=" of seconds")
    if found < last_s:
        raise BadInput(
            f"time_s is {found:g} after {last_s:g}: wanted seconds that do not go back; "
            "call reset() before another video"
        )
    return found


class ImageTimes:
    """Frames of images that come one by one, with times that do not go back."""

    def __init__(self) -> None:
        self._index, self._start_s, self._last_s = 0, perf_counter(), -math.inf

    def frame(self, image: Image, time_s: float | None) -> Frame:
        """The next frame; None for a time takes the clock, counted from the first image.

        Raises BadInput for what is no image, or a time before that of the last one.
        """
        picture = as_bgr(image)
        if self._index == 0:
            self._start_s = perf_counter()
        now_s = perf_counter() - self._start_s if time_s is None else time_s
        now_s = checked_time(now_s, self._last_s)
        frame = Frame(picture, self._index, now_s)
        self._index, self._last_s = self._index + 1, now_s
        return frame
