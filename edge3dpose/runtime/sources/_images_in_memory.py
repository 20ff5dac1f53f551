"""Images that a program gives one by one -> Source: frames of one video, in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from time import perf_counter

from edge3dpose.errors import BadInput
from edge3dpose.runtime.sources import as_bgr
from edge3dpose.types import Frame, Image


class ImagesInMemory:
    """Any iterable of images (H, W, 3) uint8 BGR, stamped by the clock; a Frame stays as it is."""

    name = "images"
    live = False
    related = True
    fps: float | None = None
    dropped = 0

    def __init__(self, images: Iterable[Image] | Iterable[Frame]) -> None:
        self._images = images
        length = getattr(images, "__len__", None)
        self.frames: int | None = length() if length else None

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

    def age_s(self, frame: Frame) -> float:
        """Nobody knows: 0."""
        return 0.0

    def close(self) -> None:
        """Nothing is held open."""
