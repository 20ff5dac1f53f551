"""Models of spec files beside our own: 2D, 3D where they have it, and speed, in one table.

    edge3dpose add-model movenet-lightning --onnx movenet-lightning.onnx    # and the others
    python benchmarks/own_models.py --model movenet-lightning --photos FOLDER --clips CLIPS \\
        --report benchmarks/own-models.json
    python benchmarks/own_models.py --speed --report benchmarks/own-models.json

Each call adds the rows of its models to the report, or takes their place. Labels of the photos are
BlazePose heavy's (``evaluate --dataset photos --teacher``), which favours BlazePose. Speeds are
taken last, of all rows in turn: calls of the engine with one person, OpenVINO in FP32.
"""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Any

import click
import numpy as np

from edge3dpose import evaluate, machine, models, storage
from edge3dpose.compiler import inspect
from edge3dpose.engine_types import EngineRequest
from edge3dpose.selection.defaults import resolve
from edge3dpose.selection.engine import open_engine

SCHEMA = "edge3dpose.own-models/1"
PATH = click.Path(path_type=Path)
OF_2D = ("pck50", "pck20", "median_torsos", "oks")
OF_3D = ("pa_mpjpe_mm", "mpjpe_mm")
ROUNDS, CALLS = 8, 15


@click.command()
@click.option("--model", "names", multiple=True)
@click.option("--photos", type=PATH, help="A folder of pictures whose labels are there.")
@click.option("--clips", type=PATH, help="Clips with motion capture.")
@click.option("--speed", is_flag=True, help="Time the engines of all rows.")
@click.option("--report", type=PATH, required=True)
def main(
    names: tuple[str, ...], photos: Path | None, clips: Path | None, speed: bool, report: Path
) -> None:
    """Measure, write the report, print its table."""
    rows: dict[str, dict[str, Any]] = {}
    if report.is_file():
        rows = {row["model"]: row for row in storage.load_json(report, SCHEMA)["rows"]}
    for name in names:
        row = rows.setdefault(name, _about(name))
        if photos:
            row["photos"] = _figures(OF_2D, model=name, dataset="photos", root=photos)
        if clips:
            row["mocap"] = _figures(OF_3D, model=name, dataset="mocap", root=clips)
    content: dict[str, Any] = {"machine": machine.describe(), "rows": list(rows.values())}
    if speed:
        _time(list(rows.values()))
    storage.save_json(report, {"schema": SCHEMA, **content})
    click.echo(table(list(rows.values())))


def _about(name: str) -> dict[str, Any]:
    config = resolve(EngineRequest(name, backend="openvino", precision="fp32"))
    cost = inspect.summary(config.spec).cuts[config.cut - 1]
    return {
        "model": name,
        "cut": config.cut,
        "sha256": config.weights.sha256,
        "skeleton": config.spec.skeleton.name,
        "dimensions": 3 if config.spec.has_depth else 2,
        "input": config.spec.input_size,
        "params": cost.params,
        "macs": cost.macs,
    }


def _figures(keys: tuple[str, ...], **options: Any) -> dict[str, Any]:
    """The figures of the cut that ``auto`` takes, with the data set."""
    cut = resolve(EngineRequest(options["model"])).cut
    made = evaluate(cut=cut, **options)
    (row,) = made.cuts
    facts = made.dataset.facts
    seen = {key: facts[key] for key in ("frames_with_a_person", "frames_found") if key in facts}
    return {**seen, **{key: row.figures[key] for key in keys if key in row.figures}}


def _time(rows: list[dict[str, Any]]) -> None:
    """Median and 90th percentile ms of a call, the models in turn."""
    engines, images, took = {}, {}, {}
    for row in rows:
        config = resolve(EngineRequest(row["model"], backend="openvino", precision="fp32"))
        side = models.find(row["model"]).input_size
        engines[row["model"]] = open_engine(config)
        images[row["model"]] = np.random.default_rng(0).random((1, 3, side, side), np.float32)
        took[row["model"]] = []
    for _ in range(ROUNDS):
        for name, engine in engines.items():
            engine(images[name])
            for _ in range(CALLS):
                start_s = perf_counter()
                engine(images[name])
                took[name].append(1000 * (perf_counter() - start_s))
    for row in rows:
        p50, p90 = (float(np.percentile(took[row["model"]], q)) for q in (50, 90))
        row["engine_ms"] = {"p50": round(p50, 2), "p90": round(p90, 2)}
        engines[row["model"]].close()


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as Markdown, by PCK@0.2."""
    lines = [
        "| model | joints | input | MMACs | PCK@0.5 | PCK@0.2 | OKS | PA-MPJPE mm | engine ms |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in sorted(rows, key=lambda row: -row.get("photos", {}).get("pck20", 0)):
        flat, deep = row.get("photos", {}), row.get("mocap", {})
        name = f"`{row['model']}`" + (f" cut {row['cut']}" if row["model"] in OURS else "")
        of_2d = [f"{flat[key]:.3f}" if key in flat else "" for key in ("pck50", "pck20", "oks")]
        error = f"{deep['pa_mpjpe_mm']:.1f}" if "pa_mpjpe_mm" in deep else "2D"
        ms = f"{row['engine_ms']['p50']:.1f}" if "engine_ms" in row else ""
        about = [name, row["skeleton"], str(row["input"]), f"{row['macs'] / 1e6:.0f}"]
        lines.append("| " + " | ".join([*about, *of_2d, error, ms]) + " |")
    return "\n".join(lines)


OURS = tuple(models.shipped())

if __name__ == "__main__":
    main()
