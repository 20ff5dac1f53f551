"""Images that a program gives one by one -> Source: frames of one video, in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from time import perf_counter

from edge3dpose.errors import BadInput
from edge3dpose.runtime.sources import Source, as_bgr
from edge3dpose.types import Frame, Image


class ImagesInMemory(Source):
    """Any iterable of images (H, W, 3) uint8 BGR, stamped by the clock; a Frame stays as it is."""

    name = "images"
    prefetch = False  # the iterable is asked in the thread of the caller, when it is its turn

    def __init__(self, images: Iterable[Image] | Iterable[Frame]) -> None:
        self._images = images
        self.frames = len(images) if isinstance(images, Sized) else None

    def __iter__(self) -> Iterator[Frame]:
        """A frame an image; BadInput for what is no image."""
        start_s = perf_counter()
        for index, image in enumerate(self._images):
            if isinstance(image, Frame):
                yield image
                continue
            try:
                picture = as_bgr(image)
            except (BadInput, ValueError) as error:
                raise BadInput(f"image {index}: {error}") from None
            yield Frame(picture, index, perf_counter() - start_s)
