"""Images that a program gives one by one -> Source: frames of one video, in order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sized
from time import perf_counter

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
                check_time(image.time_s, last_s)
                last_s = image.time_s
                yield image
                continue
            try:
                picture = as_bgr(image)
            except (BadInput, ValueError) as error:
                raise BadInput(f"image {index}: {error}") from None
            yield Frame(picture, index, perf_counter() - start_s)


def check_time(time_s: float, last_s: float) -> None:
    """BadInput where a frame's time is no number or before that of the frame before it."""
    if not math.isfinite(time_s) or time_s < last_s:
        raise BadInput(
            f"time_s is {time_s:g} after {last_s:g}: wanted seconds that do not go back; "
            "call reset() before another video"
        )


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
        now_s = perf_counter() - self._start_s if time_s is None else float(time_s)
        check_time(now_s, self._last_s)
        frame = Frame(picture, self._index, now_s)
        self._index, self._last_s = self._index + 1, now_s
        return frame
