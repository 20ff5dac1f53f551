"""An engine that is opened by a call: of many that are timed in turn, one alone need be open."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edge3dpose.types import Array, Engine


class LazyEngine(Engine):
    """Opens with the first call after it was made or closed.

    said  (N, J, C) of ``people`` (N, 3, S, S), asked when it was first opened; None before
    """

    def __init__(self, opened: Callable[[], Engine], people: Array) -> None:
        self._opened, self._people = opened, people
        self._engine: Engine | None = None
        self.said: Array | None = None

    def __call__(self, images: Array) -> Array:
        """As the engine would answer."""
        if self._engine is None:
            self._engine = self._opened()
            if self.said is None:
                self.said = np.array(self._engine(self._people))
        return self._engine(images)

    def close(self) -> None:
        """Free it until the next call."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None
