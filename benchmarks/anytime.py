"""Anytime inference: what stopping at the first head that agrees with the one before would save.

    python benchmarks/anytime.py --root data/synthetic.npz \\
        --speeds benchmarks/cpu-xeon-2-cores.json --report benchmarks/anytime-sspnet-lite.json

This is an upper limit: stopping after a block costs here what the engine of that cut takes, though
a network in pieces would pay for every piece. It is compared with the cuts themselves and with the
mean time of two cuts used in turn, which need no stopping rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from edge3dpose import machine, metrics, models, storage
from edge3dpose.engine_types import Weights
from edge3dpose.errors import BadInput
from edge3dpose.evaluation import predictions
from edge3dpose.evaluation.datasets import synthetic_people
from edge3dpose.reports.rows import SpeedReport, load
from edge3dpose.runtime import all_heads as heads

TOLERANCES_MM = (5, 10, 15, 20, 25, 30, 40, 50, 60, 80)
FILE = click.Path(exists=True, path_type=Path, dir_okay=False)


@dataclass(frozen=True)
class Measured:
    """What each cut costs, and how far off its poses are; N people."""

    ms: NDArray[np.float64]  # (cuts,) median time of the cut's engine
    found_mm: NDArray  # (cuts, N, J, 3)
    true_mm: NDArray  # (N, J, 3)
    inside: NDArray[np.bool_]  # (N, J)
    moved_mm: NDArray  # (cuts - 1, N) mean distance of the joints from those of the cut before

    def error_mm(self, stops: NDArray[np.intp]) -> float:
        """MPJPE where each person's pose comes from the cut with index ``stops`` (N,)."""
        found = self.found_mm[stops, np.arange(len(stops))]
        return metrics.mpjpe(found, self.true_mm, counted=self.inside)


@click.command()
@click.option("--model", default="sspnet-lite", show_default=True)
@click.option("--root", type=FILE, required=True, help="File of baked people.")
@click.option("--speeds", type=FILE, required=True, help="A report of benchmark.")
@click.option("--backend", default="openvino", show_default=True)
@click.option("--precision", default="bf16", show_default=True)
@click.option("--people", default=1000, show_default=True)
@click.option("--report", type=click.Path(path_type=Path), required=True)
def main(
    model: str,
    root: Path,
    speeds: Path,
    backend: str,
    precision: str,
    people: int,
    report: Path,
) -> None:
    """Write time and error for each tolerance, beside those of the cuts at the same error."""
    weights = models.open_weights(models.find(model))
    ms = times_ms(load(SpeedReport, speeds), f"{backend} {precision}", weights.spec.cuts)
    facts, measured = measure(weights, root, people, ms)
    fixed = [
        {"cut": k + 1, "ms": ms[k], "mpjpe_mm": measured.error_mm(np.full(people, k))}
        for k in range(weights.spec.cuts)
    ]
    rows = [row_of(measured, tolerance_mm, fixed) for tolerance_mm in TOLERANCES_MM]
    for row in rows:
        click.echo(row)
    content = {
        "model": model,
        "weights_sha256": weights.sha256,
        "dataset": facts,
        "speeds": {"report": speeds.name, "backend": backend, "precision": precision},
        "protocol": " ".join((__doc__ or "").split("\n\n")[-1].split()),
        "cuts": fixed,
        "anytime": rows,
    }
    storage.save_json(report, machine.report_header("anytime") | content)


def measure(
    weights: Weights, root: Path, people: int, ms: list[float]
) -> tuple[dict[str, Any], Measured]:
    """Facts of the people, and the poses of every cut."""
    spec = weights.spec
    crowd = synthetic_people(spec, str(root), range(people), motion="mocap")
    seen = predictions.predict(heads.open_heads(weights), crowd.people, spec, passes=2)
    aligned = seen.found_mm - seen.found_mm[:, :, spec.skeleton.root, None]
    moved_mm = np.linalg.norm(np.diff(aligned, axis=0), axis=-1).mean(axis=-1)
    return crowd.facts, Measured(np.array(ms), seen.found_mm, seen.true_mm, seen.inside, moved_mm)


def row_of(measured: Measured, tolerance_mm: float, fixed: list[dict]) -> dict[str, Any]:
    """Time and error of stopping early, and the time of the cuts at the same error."""
    stops = stopped(measured.moved_mm, tolerance_mm)
    mean_ms, mpjpe_mm = float(np.mean(measured.ms[stops])), measured.error_mm(stops)
    equal_ms = ms_of_cuts(fixed, mpjpe_mm)
    return {
        "tolerance_mm": tolerance_mm,
        "mean_cut": float(stops.mean() + 1),
        "ms": mean_ms,
        "mpjpe_mm": mpjpe_mm,
        "cuts_ms_at_that_error": equal_ms,
        "saves": None if equal_ms is None else 1 - mean_ms / equal_ms,
    }


def times_ms(speeds: SpeedReport, runner: str, cuts: int) -> list[float]:
    """Median time of each cut's engine, at least that of a shallower cut, whose blocks it has."""
    found = {
        row.cut: row.engine.p50_ms for row in speeds.rows if row.runner == runner and row.engine
    }
    if missing := set(range(1, cuts + 1)) - set(found):
        raise BadInput(f"the report has no {runner} of cuts {sorted(missing)}")
    return np.maximum.accumulate([found[cut] for cut in range(1, cuts + 1)]).tolist()


def stopped(moved_mm: NDArray, tolerance_mm: float) -> NDArray[np.intp]:
    """(cuts - 1, N) distance of each head from the one before -> (N,) index of the head used."""
    agree = moved_mm < tolerance_mm
    return np.where(agree.any(axis=0), agree.argmax(axis=0) + 1, len(moved_mm))


def ms_of_cuts(fixed: list[dict], mpjpe_mm: float) -> float | None:
    """The mean time at which cuts used in turn have that error; None where none is so good."""
    points = [(one["ms"], one["mpjpe_mm"]) for one in fixed]
    times = [
        a + (b - a) * (mpjpe_mm - at_a) / (at_b - at_a) if at_a != at_b else a
        for a, at_a in points
        for b, at_b in points
        if at_b <= mpjpe_mm <= at_a
    ]
    return min(times, default=None)


if __name__ == "__main__":
    main()
