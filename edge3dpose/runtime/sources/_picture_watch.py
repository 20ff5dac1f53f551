"""Notices a live source whose pictures are black, or all the same: each spell is told once."""

from __future__ import annotations

import numpy as np

from edge3dpose.types import Image

SPELL_S = 10.0  # so long before it is told
_STEP_PX = 16  # of this grid of pixels
_DARK = 20  # grey level that black pictures do not exceed: limited range and noise included

BLACK, FROZEN = "source_black", "source_frozen"


class PictureWatch:
    """Looks at every picture of a source."""

    def __init__(self) -> None:
        self._last: Image | None = None
        self._since_s: dict[str, float] = {}
        self._told: set[str] = set()

    def __call__(self, image: Image, now_s: float) -> list[str]:
        """What is to be told now: source_black, source_frozen."""
        grid = image[_STEP_PX // 2 :: _STEP_PX, _STEP_PX // 2 :: _STEP_PX]
        grid = image if grid.size == 0 else grid
        black = int(grid.max()) <= _DARK
        frozen = self._last is not None and np.array_equal(grid, self._last)
        self._last = grid.copy()  # the picture itself may be large, and is not kept
        spells = {BLACK: black, FROZEN: frozen and not black}
        return [kind for kind, now in spells.items() if self._begins(kind, now, now_s)]

    def _begins(self, kind: str, now: bool, now_s: float) -> bool:
        if not now:
            self._since_s.pop(kind, None)
            self._told.discard(kind)
            return False
        long_enough = now_s - self._since_s.setdefault(kind, now_s) >= SPELL_S
        first = long_enough and kind not in self._told
        self._told |= {kind} if first else set()
        return first
