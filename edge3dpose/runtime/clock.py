"""One clock for every stage, so that the live loop and the benchmark time the same lines."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

import numpy as np
from numpy.typing import NDArray


class StageClock:
    """Seconds spent in each stage, one entry a visit.

    keep  number of the latest visits that are kept for each stage; None for all
    """

    def __init__(self, keep: int | None = 10_000) -> None:
        self._seconds: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=keep))

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the lines inside."""
        start = perf_counter()
        try:
            yield
        finally:
            self._seconds[name].append(perf_counter() - start)

    def seconds(self, name: str) -> NDArray[np.float64]:
        """The kept times of a stage, oldest first; empty where it never ran."""
        return np.array(self._seconds.get(name, []), np.float64)

    def stages(self) -> list[str]:
        """Stages in the order in which they first ended."""
        return list(self._seconds)
