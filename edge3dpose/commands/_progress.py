"""Progress bars on a terminal, nothing elsewhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from time import perf_counter

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from edge3dpose.reports.rows import LeftOut
from edge3dpose.types import Frame, Pose3D


@contextmanager
def builds() -> Iterator[Callable[[str, float], None]]:
    """A bar for each step of the library's work; it appears with the first one."""
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
def whole() -> Iterator[Callable[[str, float], None]]:
    """A bar for the whole of a job: the text says what is being done, the share is of all."""
    percent = TextColumn("{task.percentage:3.0f} %")
    columns = (TextColumn("{task.description}"), BarColumn(), percent, TimeRemainingColumn())
    with _bar(*columns) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda what, share: bar.update(task, description=what, completed=share)


@contextmanager
def frames_done(
    frames: int | None, at_most: int | None
) -> Iterator[Callable[[Frame, list[Pose3D]], None]]:
    """A live line: frames done, frame rate and people; with a bar and the time left for a file.

    frames, at_most  how many there will be; both None where nobody knows
    """
    total = min((n for n in (frames, at_most) if n is not None), default=None)
    figures = TextColumn("{task.completed} frames  {task.fields[fps]:.1f} FPS  {task.fields[who]}")
    known = (BarColumn(), TextColumn("of {task.total}"), TimeRemainingColumn())
    with _bar(figures, *(known if total is not None else ())) as bar:
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


def _bar(*columns: ProgressColumn) -> Progress:
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
