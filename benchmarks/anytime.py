"""What stopping early would save: run on block by block, stop once two heads in a row agree.

    python benchmarks/anytime.py --root data/synthetic.npz \\
        --speeds benchmarks/cpu-xeon-2-cores.json --report benchmarks/anytime-sspnet-lite.json

An upper limit of what can be had: stopping after a block costs here what the engine of that cut
takes, though a net in pieces pays for every piece it begins. Against it stand the cuts themselves,
and the mean time of two of them taken by turns: what no rule is needed for.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from edge3dpose import machine, metrics, models, storage
from edge3dpose.errors import BadInput
from edge3dpose.evaluation import all_heads as heads
from edge3dpose.evaluation import predictions
from edge3dpose.evaluation.datasets import synthetic_people

TOLERANCES_MM = (5, 10, 15, 20, 25, 30, 40, 50, 60, 80)
FILE = click.Path(exists=True, path_type=Path, dir_okay=False)


@click.command()
@click.option("--model", default="sspnet-lite", show_default=True)
@click.option("--root", type=FILE, required=True, help="Baked people.")
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
    """Write what each tolerance would take and give, beside the cuts at the same error."""
    weights = models.open_weights(models.find(model))
    spec = weights.spec
    ms = times_ms(storage.load_json(speeds, "edge3dpose.speed/1"), backend, precision, spec.cuts)
    crowd = synthetic_people(spec, str(root), range(people), motion="mocap")
    seen = predictions.predict(heads.open_heads(weights), crowd.people, spec, passes=2)
    aligned = seen.found_mm - seen.found_mm[:, :, spec.skeleton.root, None]
    moved_mm = np.linalg.norm(np.diff(aligned, axis=0), axis=-1).mean(axis=-1)  # (cuts - 1, N)

    def error_mm(stops: NDArray[np.intp]) -> float:
        found = seen.found_mm[stops, np.arange(len(stops))]
        return metrics.mpjpe(found, seen.true_mm, counted=seen.inside)

    fixed = [
        {"cut": k + 1, "ms": ms[k], "mpjpe_mm": error_mm(np.full(people, k))}
        for k in range(spec.cuts)
    ]
    rows = []
    for tolerance_mm in TOLERANCES_MM:
        stops = stopped(moved_mm, tolerance_mm)
        took_ms, mpjpe_mm = float(np.mean(np.array(ms)[stops])), error_mm(stops)
        equal_ms = ms_of_cuts(fixed, mpjpe_mm)
        row = {
            "tolerance_mm": tolerance_mm,
            "mean_cut": float(stops.mean() + 1),
            "ms": took_ms,
            "mpjpe_mm": mpjpe_mm,
            "cuts_ms_at_that_error": equal_ms,
            "saves": None if equal_ms is None else 1 - took_ms / equal_ms,
        }
        rows.append(row)
        click.echo(row)
    content = {
        "model": model,
        "weights_sha256": weights.sha256,
        "dataset": crowd.facts,
        "speeds": {"report": speeds.name, "backend": backend, "precision": precision},
        "protocol": " ".join((__doc__ or "").split("\n\n")[-1].split()),
        "cuts": fixed,
        "anytime": rows,
    }
    storage.save_json(report, machine.report_header("anytime") | content)


def times_ms(speeds: dict, backend: str, precision: str, cuts: int) -> list[float]:
    """Median of each cut's engine; never less than a shallower one's, whose blocks it has too."""
    found = {
        row["cut"]: row["engine"]["p50_ms"]
        for row in speeds["rows"]
        if (row["backend"], row["precision"]) == (backend, precision)
    }
    if missing := set(range(1, cuts + 1)) - set(found):
        raise BadInput(f"the report has no {backend} {precision} of cuts {sorted(missing)}")
    return np.maximum.accumulate([found[cut] for cut in range(1, cuts + 1)]).tolist()


def stopped(moved_mm: NDArray, tolerance_mm: float) -> NDArray[np.intp]:
    """(cuts - 1, N) how far each head is from the one before -> (N,) the head stopped at."""
    agree = moved_mm < tolerance_mm
    return np.where(agree.any(axis=0), agree.argmax(axis=0) + 1, len(moved_mm))


def ms_of_cuts(fixed: list[dict], mpjpe_mm: float) -> float | None:
    """The mean time at which cuts taken by turns have that error; None where none is so good."""
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
