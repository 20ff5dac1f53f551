"""GIF, WebP, APNG or AVIF with several pictures: a film with times of its own."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

from PIL import Image as Pillow

from edge3dpose.errors import EndedEarly
from edge3dpose.runtime.sources import Source
from edge3dpose.runtime.sources._picture import to_bgr
from edge3dpose.types import Frame

KINDS = ("gif", "webp", "png", "avif")
_SHORTEST_MS = 10  # browsers show a picture that is to stay for less for a tenth of a second
_INSTEAD_MS = 100.0


class Animation(Source):
    """Every picture as it is shown: over those before it."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self._picture = Pillow.open(path)
        # an APNG may have a picture for programs that do not know APNG, which is none of its own
        self._from = int(getattr(self._picture, "default_image", False))
        self.frames = getattr(self._picture, "n_frames", 1) - self._from
        self._picture.seek(self._from)
        self.fps = 1000 / self._shown_ms()

    def __iter__(self) -> Iterator[Frame]:
        """The frames; EndedEarly after the last one that can be read."""
        time_s = 0.0
        for index in range(self.frames or 0):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    self._picture.seek(self._from + index)
                    image = to_bgr(self._picture)
            except (OSError, EOFError, ValueError, SyntaxError) as error:
                raise EndedEarly(
                    f"{self.name} ends after {index} pictures: it is truncated or damaged: {error}"
                ) from None
            yield Frame(image, index, time_s)
            time_s += self._shown_ms() / 1000

    def close(self) -> None:
        """Close the file."""
        self._picture.close()

    def _shown_ms(self) -> float:
        shown_ms = float(self._picture.info.get("duration", 0) or 0)
        return shown_ms if shown_ms > _SHORTEST_MS else _INSTEAD_MS


def is_animation(path: Path, kind: str | None) -> bool:
    """Whether a picture file has several pictures of one film."""
    if kind not in KINDS:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Pillow.open(path) as picture:
                first = int(getattr(picture, "default_image", False))
                return getattr(picture, "n_frames", 1) - first > 1
    except (OSError, EOFError, ValueError, SyntaxError, Pillow.DecompressionBombError):
        return False
