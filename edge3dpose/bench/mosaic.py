"""A mosaic of real people: so many copies of a clip's person in one 720p picture, each moving."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import islice

import cv2
import numpy as np

from edge3dpose.errors import BadInput
from edge3dpose.runtime.sources import Source
from edge3dpose.types import Frame, Image

WIDTH, HEIGHT = 1280, 720
FPS = 30.0
FRAMES = 60  # of the mosaic; then it runs backwards
PROTOCOL = (
    f"{WIDTH}x{HEIGHT}, so many tiles of the source's person, every second one mirrored, each at "
    "another time of the clip; made before, decoding is not among it; stamped 30 frames a second"
)


class Mosaic(Source):
    """The frames of a mosaic, forwards and backwards in turn."""

    name = "mosaic"
    prefetch = False

    def __init__(self, images: Sequence[Image], frames: int | None = None) -> None:
        self._images = images
        self.frames = 2 * len(images) if frames is None else frames

    def __iter__(self) -> Iterator[Frame]:
        """Each frame."""
        there_and_back = [*self._images, *reversed(self._images)]
        for n in range(self.frames or 0):
            yield Frame(there_and_back[n % len(there_and_back)], n, n / FPS)


def make_mosaic(people: int, open_clip: Callable[[], Source]) -> list[Image]:
    """The frames of a mosaic of so many tiles of a clip; BadInput where the clip has no frame."""
    with closing(open_clip()) as source:
        clip = [frame.image for frame in islice(source, FRAMES)]
    if not clip:
        raise BadInput(f"{source.name} gives no frame")
    height, width = clip[0].shape[:2]
    columns = min(range(1, people + 1), key=lambda n: -_scale(people, n, (width, height)))
    rows = math.ceil(people / columns)
    scale = _scale(people, columns, (width, height))
    size = (max(1, int(width * scale)), max(1, int(height * scale)))
    tiles = [np.asarray(cv2.resize(one, size, interpolation=cv2.INTER_AREA)) for one in clip]
    mosaic = []
    for n in range(len(clip)):
        picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        for person in range(people):
            at = _there_and_back(n + person * len(clip) // people, len(clip))
            tile = tiles[at][:, ::-1] if person % 2 else tiles[at]
            x = person % columns * (WIDTH // columns) + (WIDTH // columns - size[0]) // 2
            y = person // columns * (HEIGHT // rows)
            picture[y : y + size[1], x : x + size[0]] = tile
        mosaic.append(picture)
    return mosaic


def _scale(people: int, columns: int, size: tuple[int, int]) -> float:
    rows = math.ceil(people / columns)
    return min(WIDTH // columns / size[0], HEIGHT // rows / size[1])


def _there_and_back(n: int, length: int) -> int:
    n %= 2 * length
    return n if n < length else 2 * length - 1 - n
