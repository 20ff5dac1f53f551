"""What tune has measured, as tables: every engine, and those on the Pareto front."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.console import Console

from edge3dpose import machine
from edge3dpose.reports.columns import CUT, Column, Figure, Table, make_table
from edge3dpose.reports.tune_rows import TuneResult
from edge3dpose.selection import pareto
from edge3dpose.selection.pareto import Point

BUSY_SHARE = 0.5  # of the cores that something else used before the start


def print_tables(result: TuneResult, console: Console) -> None:
    """Print both tables, and what a reader must know."""
    engines_table(result.model, result.points).print_to(console)
    front_table(result.points).print_to(console)
    notes = [
        "error: the model card's MPJPE, which is FP32's, and the engine's deviation from FP32 on "
        "people of the sample, added in squares; evaluate --backend --precision measures it",
        f"the other stages take {result.other_stages_ms:.1f} ms of a frame (90 % of frames)",
    ]
    cores, load = machine.usable_cores(), result.load_before
    if load and load[0] > BUSY_SHARE * cores:
        notes.append(
            f"the machine was busy: load average {load[0]:g} on {cores} cores before the start; "
            "times would be shorter on an idle one"
        )
    for note in notes:
        console.print(note, highlight=False, markup=False)


def engines_table(model: str, points: Sequence[Point]) -> Table:
    """A row a cut, a column a backend and precision; * on the Pareto front."""
    by_place: dict[tuple[int, str, str], Point] = {
        (point.cut, point.backend, point.precision): point for point in points
    }
    best = set(pareto.front(points))

    def cell(backend: str, precision: str) -> Callable[[int], str | None]:
        return lambda cut: _cell(by_place.get((cut, backend, precision)), best)

    columns: list[Column] = [(CUT, lambda cut: cut)]
    columns += [
        (Figure("", f"{backend} {precision}"), cell(backend, precision))
        for backend, precision in dict.fromkeys((one.backend, one.precision) for one in points)
    ]
    title = f"{model}: engine p50 / p90 ms, error mm; * on the Pareto front"
    return make_table(title, sorted({point.cut for point in points}), columns)


def front_table(points: Sequence[Point]) -> Table:
    """The engines that no other beats in time and error, the quickest first."""
    columns: list[Column] = [
        ("engine", lambda point: point.text),
        ("error_mm", lambda point: "unknown" if point.error_mm is None else point.error_mm),
        ("engine_p50_ms", lambda point: point.p50_ms),
        ("engine_p90_ms", lambda point: point.p90_ms),
    ]
    return make_table(
        "Pareto front: no engine is both faster and better", pareto.front(points), columns
    )


def _cell(point: Point | None, best: set[Point]) -> str | None:
    if point is None:
        return None
    error = "unknown" if point.error_mm is None else f"{point.error_mm:.1f} mm"
    mark = "* " if point in best else ""
    return f"{mark}{point.p50_ms:.1f} / {point.p90_ms:.1f} ms  {error}"
