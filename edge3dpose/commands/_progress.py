"""Progress bars on a terminal, nothing elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)


@contextmanager
def builds() -> Iterator[Callable[[str, float], None]]:
    """A bar for the steps of building an engine; it appears with the first step."""
    with _bar(TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn()) as bar:
        tasks: dict[str, TaskID] = {}

        def step(what: str, share: float) -> None:
            if what not in tasks:
                for task in tasks.values():
                    bar.update(task, visible=False)
                tasks[what] = bar.add_task(what, total=1.0)
            bar.update(tasks[what], completed=share)

        yield step


@contextmanager
def frames_done(frames: int | None, at_most: int | None) -> Iterator[Callable[[int], None]]:
    """A bar for the frames of a source; without an end, it counts."""
    total = min((n for n in (frames, at_most) if n is not None), default=None)
    with _bar(
        TextColumn("frames"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    ) as bar:
        task = bar.add_task("frames", total=total)
        yield lambda done: bar.update(task, completed=done)


@contextmanager
def steps(doing: str, total: int | None) -> Iterator[Callable[[], None]]:
    """A bar for steps, None where nobody knows how many; call it after each."""
    with _bar(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    ) as bar:
        task = bar.add_task(doing, total=total)
        yield lambda: bar.advance(task)


def _bar(*columns: ProgressColumn) -> Progress:
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
