"""Items of a known or unknown number, with a report of progress."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from edge3dpose.types import Progress

Item = TypeVar("Item")


def tracked(
    items: Iterable[Item], what: str, total: int | None, progress: Progress | None
) -> Iterator[Item]:
    """The items; ``progress`` gets the share taken, 0 where the total is unknown."""
    for n, item in enumerate(items):
        if progress is not None:
            progress(what, min(n / total, 1.0) if total else 0.0)
        yield item
