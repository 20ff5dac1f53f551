"""What tune has measured, as tables: every engine, and those that nothing beats."""

from __future__ import annotations

from collections.abc import Sequence

import click
from rich.console import Console
from rich.table import Table

from edge3dpose import machine
from edge3dpose.selection import pareto
from edge3dpose.selection.pareto import Point

BUSY = 0.5  # of the cores taken by something else before the start


def show(
    model: str, points: Sequence[Point], around_ms: float, load_before: list[float] | None
) -> None:
    """Print the tables, and what has to be known to read them."""
    console = Console(width=None if Console().is_terminal else 160)
    best = pareto.front(points)
    console.print(_every(model, points, best))
    console.print(_front(best))
    click.echo(
        "mm: the model card's error, which is FP32's, and the engine's distance from FP32 on the "
        "sample's people, added in squares; evaluate --backend --precision measures it"
    )
    click.echo(f"the stages around the engine take {around_ms:.1f} ms of a frame (90 % of frames)")
    cores = machine.usable_cores()
    if load_before and load_before[0] > BUSY * cores:
        click.echo(
            f"the machine was busy: load {load_before[0]:g} on {cores} cores before the start; "
            "times would be shorter on an idle one"
        )


def _every(model: str, points: Sequence[Point], best: Sequence[Point]) -> Table:
    """A row a cut, a column a way to run it; * where nothing beats it."""
    table = Table(title=f"{model}: ms of half / 90 % of the calls, error in mm")
    ways = list(dict.fromkeys(point.way for point in points))
    by_place = {(point.cut, point.way): point for point in points}
    table.add_column("cut", justify="right")
    for backend, precision in ways:
        table.add_column(f"{backend} {precision}", justify="right")
    for cut in sorted({point.cut for point in points}):
        row = [by_place.get((cut, way)) for way in ways]
        table.add_row(str(cut), *("" if one is None else _cell(one, one in best) for one in row))
    return table


def _cell(point: Point, unbeaten: bool) -> str:
    return f"{'* ' if unbeaten else ''}{point.p50_ms:.1f} / {point.p90_ms:.1f} ms  {_mm(point)} mm"


def _front(best: Sequence[Point]) -> Table:
    table = Table(title="nothing is both quicker and better than these (*)")
    for column in ("ms, 90 %", "ms, half", "error mm", "engine"):
        table.add_column(column, justify="right")
    for point in best:
        table.add_row(f"{point.p90_ms:.1f}", f"{point.p50_ms:.1f}", _mm(point), point.text)
    return table


def _mm(point: Point) -> str:
    return "?" if point.error_mm is None else f"{point.error_mm:.1f}"
