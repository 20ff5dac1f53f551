"""Progress bars on a terminal, nothing elsewhere."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from edge3dpose.types import Frame, Pose3D

if TYPE_CHECKING:
    from edge3dpose.reports.rows import LeftOut


@contextmanager
def builds() -> Iterator[Callable[[str, float], None]]:
    """A bar for each step of the library's work; it appears with the first one."""
    if not _on_terminal():
        yield _nothing
        return
    from rich import progress

    columns = (progress.TextColumn("{task.description}"), progress.BarColumn())
    with _bar(*columns, progress.TimeRemainingColumn()) as bar:
        tasks: dict[str, Any] = {}

        def step(what: str, share: float) -> None:
            if what not in tasks:
                for task in tasks.values():
                    bar.update(task, visible=False)
                tasks[what] = bar.add_task(what, total=1.0)
            bar.update(tasks[what], completed=share)

        yield step


@contextmanager
def whole() -> Iterator[Callable[[str, float], None]]:
    """A bar for the whole of a job: the text says what is being done, the share is of all."""
    if not _on_terminal():
        yield _nothing
        return
    from rich import progress

    columns = (progress.TextColumn("{task.description}"), progress.BarColumn())
    percent = progress.TextColumn("{task.percentage:3.0f} %")
    with _bar(*columns, percent, progress.TimeRemainingColumn()) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda what, share: bar.update(task, description=what, completed=share)


@contextmanager
def frames_done(
    frames: int | None, at_most: int | None
) -> Iterator[Callable[[Frame, list[Pose3D]], None]]:
    """A live line: frames done, frame rate and people; with a bar and the time left for a file.

    frames, at_most  how many there will be; both None where nobody knows
    """
    if not _on_terminal():
        yield _nothing
        return
    from rich import progress

    total = min((n for n in (frames, at_most) if n is not None), default=None)
    figures = "{task.completed} frames  {task.fields[fps]:.1f} FPS  {task.fields[who]}"
    columns: list[Any] = [progress.TextColumn(figures)]
    if total is not None:
        columns += [progress.BarColumn(), progress.TextColumn("of {task.total}")]
        columns += [progress.TimeRemainingColumn()]
    with _bar(*columns) as bar:
        task = bar.add_task("frames", total=total, fps=0.0, who="")
        times_s: deque[float] = deque(maxlen=60)

        def step(frame: Frame, people: list[Pose3D]) -> None:
            times_s.append(perf_counter())
            span_s = times_s[-1] - times_s[0]
            fps = (len(times_s) - 1) / span_s if span_s else 0.0
            count = len(people)
            who = f"{count} {'person' if count == 1 else 'people'}"
            bar.update(task, advance=1, fps=fps, who=who)

        yield step


def echo_left_out(left_out: Iterable[LeftOut]) -> None:
    """Say which engines are left out and why, each reason once."""
    for why in dict.fromkeys(one.why for one in left_out):
        click.echo(f"left out: {why}", err=True)


def _on_terminal() -> bool:
    """Whether anybody sees a bar; elsewhere its library is not loaded."""
    return sys.stderr is not None and sys.stderr.isatty()


def _nothing(*about: object) -> None:
    """The step of a bar that nobody sees."""


def _bar(*columns: Any) -> Any:
    from rich.console import Console
    from rich.progress import Progress

    return Progress(*columns, console=Console(stderr=True), transient=True)
