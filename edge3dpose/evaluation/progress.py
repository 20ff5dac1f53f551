"""Items of a known or unknown number, with progress told as they are taken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from edge3dpose.types import Progress

Item = TypeVar("Item")


def tracked(
    items: Iterable[Item], what: str, total: int | None, progress: Progress | None
) -> Iterator[Item]:
    """The items; ``progress`` is told the share taken, 0 where nobody knows how many there are."""
    for n, item in enumerate(items):
        if progress is not None:
            progress(what, min(n / total, 1.0) if total else 0.0)
        yield item
