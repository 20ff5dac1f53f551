"""What the image of a frame is made of, where it is made only when somebody asks for it."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

_F = TypeVar("_F", bound="WithPicture")
_GIVEN = ("image", "index", "time_s", "picture")  # to WithPicture.of
_NOTHING = np.zeros((0, 0, 3), np.uint8)


class Picture(Protocol):
    """A picture as it was decoded, shown as BGR. Its methods may be called from any thread."""

    shape: tuple[int, int, int]  # (H, W, 3) of the image

    def image(self) -> NDArray[np.uint8]:
        """The whole picture, (H, W, 3) BGR; the same array each time."""

    def part(self, window_px: tuple[int, int, int, int], block: int) -> NDArray[np.uint8]:
        """A window x0 y0 x1 y1 within it in means of block x block pixels: (rows, columns, 3).

        The window begins at a multiple of the block, which is a power of 2. Black is beyond the
        border.
        """


class WithPicture:
    """What a Frame with a picture is more than the dataclass of its fields: a late image."""

    __slots__ = ()
    image: NDArray[np.uint8]
    index: int
    time_s: float
    picture: Picture | None

    @classmethod
    def of(cls: type[_F], picture: Picture, index: int, time_s: float) -> _F:
        """A frame whose image is made when somebody asks for it."""
        frame: _F = cls(_NOTHING, index, time_s)  # type: ignore[call-arg]  # a dataclass, see above
        object.__setattr__(frame, "picture", picture)
        object.__delattr__(frame, "image")  # so that __getattr__ is asked
        return frame

    def but(self: _F, **changes: Any) -> _F:
        """As dataclasses.replace, for all fields but the image; it makes no image."""
        if self.picture is None:
            return replace(self, **changes)  # type: ignore[type-var]  # the same
        index, time_s = changes.pop("index", self.index), changes.pop("time_s", self.time_s)
        made = self.of(self.picture, index, time_s)
        for one in fields(self):  # type: ignore[arg-type]  # of the dataclass that mixes this in
            if one.name not in _GIVEN:
                value = changes.pop(one.name, getattr(self, one.name))
                object.__setattr__(made, one.name, value)
        assert not changes, f"a Frame has no {', '.join(changes)}"
        return made

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height."""
        height, width = (self.image if self.picture is None else self.picture).shape[:2]
        return width, height

    def __getattr__(self, name: str) -> Any:
        if name == "image" and self.picture is not None:
            return self.picture.image()
        raise AttributeError(f"a Frame has no {name}")
