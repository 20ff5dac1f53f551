"""The work of build-engine: orders -> engines, a progress bar, a table and a report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from edge3dpose import machine, manifest, models, paths, storage
from edge3dpose.compiler import build, cache
from edge3dpose.compiler.order import Order, key_fields, place_order
from edge3dpose.errors import AccuracyGateFailed, BuildFailed, Edge3DPoseError
from edge3dpose.manifest import Manifest
from edge3dpose.selection.defaults import best_backend
from edge3dpose.types import Precision
from edge3dpose.types import Progress as OnProgress

_BEFORE, _BUILD = 0.1, 0.7  # shares of one engine's bar: cutting, building; the rest is parity


@dataclass(frozen=True)
class Outcome:
    """What came of one order."""

    order: Order
    made: Manifest | None
    built: bool  # False where the cache had it
    why: str  # why the cache had it or had not, or what failed


def build_engines(
    *,
    model: str,
    cut: str,
    precision: Precision,
    backend: str,
    engines: Path | None,
    weights: Path | None,
    ranges: Path | None,
    force: bool,
    explain: bool,
    report_file: Path | None,
) -> None:
    """Build or explain, and say what was done; the first failure is raised when all are through."""
    spec = models.find(model)
    opened = models.open_weights(spec, weights)
    if backend == "auto":
        backend, reason = best_backend()
        click.echo(f"backend {backend}: {reason}")
    folder = engines or paths.engines_folder()
    orders = [
        place_order(opened, k, precision, backend, calibration=ranges)
        for k in models.parse_cuts(cut, spec)
    ]
    if explain:
        return _explain(orders, folder)
    outcomes, errors = _make_all(orders, folder, force=force)
    _print(outcomes, folder)
    if report_file:
        _write_report(outcomes, report_file)
    if errors:
        raise type(errors[0])(f"{len(errors)} of {len(orders)} engines failed; first: {errors[0]}")


def _explain(orders: list[Order], folder: Path) -> None:
    for order in orders:
        found = cache.look_up(folder, key_fields(order))
        state = "would be used" if found.hit else "would be built"
        click.echo(f"cut {order.cut:2}  {state}: {found.engine.name}\n        {found.reason}")


def _make_all(
    orders: list[Order], folder: Path, *, force: bool
) -> tuple[list[Outcome], list[Edge3DPoseError]]:
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeRemainingColumn(),
    )
    outcomes, errors = [], []
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("engines", total=len(orders))
        for done, order in enumerate(orders):
            outcome, error = _make(order, folder, force, lambda *s, d=done: _show(bar, task, d, *s))
            outcomes.append(outcome)
            errors += [error] if error else []
            bar.update(task, completed=done + 1)
    return outcomes, errors


def _show(bar: Progress, task: TaskID, done: int, what: str, share: float) -> None:
    inside = {"build": _BEFORE + _BUILD * share, "parity": _BEFORE + _BUILD}.get(what, 0.0)
    bar.update(task, completed=done + inside, description=f"engine {done + 1}: {what}")


def _make(
    order: Order, folder: Path, force: bool, progress: OnProgress
) -> tuple[Outcome, Edge3DPoseError | None]:
    found = cache.look_up(folder, key_fields(order))
    why = "--force" if found.hit and force else found.reason
    try:
        engine = build.make(order, folder, force, progress)
    except (AccuracyGateFailed, BuildFailed) as error:  # of this engine; the next may be well
        return Outcome(order, None, False, str(error)), error
    return Outcome(order, manifest.read(engine), force or not found.hit, why), None


def _print(outcomes: list[Outcome], folder: Path) -> None:
    table = Table("cut", "", "MB", "build s", "mm p50", "mm p99", "mm max", "engine")
    for outcome in outcomes:
        made, cut = outcome.made, str(outcome.order.cut)
        if made is None:
            table.add_row(cut, "failed", "", "", "", "", "", outcome.why)
            continue
        parity = made.parity or {}
        figures = (f"{parity[name]:.3f}" for name in ("mm_p50", "mm_p99", "mm_max"))
        row = (f"{made.size_bytes / 1e6:.1f}", f"{made.build['seconds']:.1f}", *figures)
        table.add_row(cut, "built" if outcome.built else "cached", *row, made.engine.name)
    console = Console(width=None if Console().is_terminal else 160)
    console.print(table)
    first = outcomes[0].order
    click.echo(f"{first.weights.spec.name} {first.precision} for {first.backend}, in {folder}")
    if (kept := sum(not o.built for o in outcomes if o.made)) and kept == len(outcomes):
        click.echo(f"built nothing: {outcomes[0].why}")
    for outcome in outcomes[:1]:
        if outcome.built:
            click.echo(f"cut {outcome.order.cut} was built because {outcome.why}")
        if outcome.made and "not_run" in (outcome.made.parity or {}):
            click.echo(f"not run here: {outcome.made.parity['not_run']}")  # type: ignore[index]


def _write_report(outcomes: list[Outcome], file: Path) -> None:
    first = outcomes[0].order
    content = machine.report_header("build") | {
        "model": first.weights.spec.name,
        "weights_sha256": first.weights.sha256,
        "state": first.weights.card.get("state"),
        "precision": first.precision,
        "backend": first.backend,
        "engines": [_report_row(outcome) for outcome in outcomes],
    }
    storage.save_json(file, content, "pass --report FILE")


def _report_row(outcome: Outcome) -> dict[str, Any]:
    made = outcome.made
    if made is None:
        return {"cut": outcome.order.cut, "failed": outcome.why}
    return {
        "cut": made.cut,
        "backend_version": made.backend_version,
        "size_bytes": made.size_bytes,
        "sha256": made.sha256,
        "seconds": made.build["seconds"],
        "nodes": made.build["nodes"],
        "parity": made.parity,
        "calibration": (made.calibration or {}).get("digest"),
    }
