"""Ablation of a recipe: short trainings that differ in one thing, evaluated in the same way.

    python benchmarks/ablate.py --assets data/synthetic.npz --encoder pose_landmark_full.onnx \\
        --real data/real.npz --photos PHOTOS --teacher pose_landmark_heavy.tflite \\
        --report benchmarks/ablation-sspnet-lite.json

A trial whose model is in --out is not trained again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import onnx

from edge3dpose import machine, storage
from edge3dpose.compiler import inspect

CUTS = {"sspnet-lite": 11, "hemlets-edge": 1}  # the cut that is evaluated
SHARED = {  # settings of all trials of a model
    # the first eleven heads, small batches; the encoder's deep layers are tuned from the middle on;
    # cameras as in the evaluation
    "sspnet-lite": ("batch=8", "overhead=0.0", "short_until=1.0", "tune_entry_from=0.45"),
    "hemlets-edge": ("batch=8", "overhead=0.0"),
}
_PAPER = (
    *("model=sspnet", "growth=32", "heat=0.03", "replay=24000", "draws=4"),
    "peak_lr=0.002",
)
TRIALS: dict[str, dict[str, tuple[str, ...]]] = {
    "sspnet-lite": {
        "all of it": (),
        "no real people": ("real=0.0",),
        "motion as captured": ("widen=false",),
        "clean renders": ("augment=false",),
        "crops not turned": ("upright=0.0",),
        "encoder frozen to the end": ("tune_entry_from=1.0",),
        "encoder's deep layers tuned from the start": ("tune_entry_from=0.0",),
        "no heatmap loss": ("heat=0.0",),
        "the paper's entry flow from scratch": _PAPER,
        "the paper's entry flow, features distilled from the encoder": (
            *_PAPER,
            "feature_distillation=3.0",
        ),
    },
    "hemlets-edge": {
        "all of it": (),
        "no loss on triplets and joint maps": ("heat=0.0",),
        "half of the depths thrown away, polarity kept": ("weak=0.5",),
        "half of the depths thrown away": ("weak=0.5", "weak_polarity=false"),
        "half as wide": ("growth=16",),
        # these beside one another: a tenth of the people is seen from above
        "views from above": ("overhead=0.1",),
        "views from above, one and a half times as wide": ("overhead=0.1", "growth=48"),
        "views from above, twice as wide": ("overhead=0.1", "growth=64"),
        "views from above, 16 depth bins": ("overhead=0.1", "bins=16"),
        "views from above, 64 depth bins": ("overhead=0.1", "bins=64"),
    },
}
_PATH = click.Path(exists=True, path_type=Path)


@click.command()
@click.option("--model", type=click.Choice(list(TRIALS)), default="sspnet-lite")
@click.option("--assets", type=_PATH, required=True)
@click.option("--encoder", type=_PATH, required=True)
@click.option("--real", type=_PATH, required=True)
@click.option("--photos", type=_PATH, required=True, help="Folder of photos never trained on.")
@click.option("--teacher", type=_PATH, required=True, help="pose_landmark_heavy.tflite")
@click.option("--samples", default=10_000, show_default=True)
@click.option("--people", default=300, show_default=True)
@click.option("--trials", default=99, help="Run only the first so many.  [default: all]")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/ablation"))
@click.option("--report", type=click.Path(path_type=Path), required=True)
def main(report: Path, trials: int, **options: Any) -> None:
    """Train and evaluate each trial; the report is written after every one."""
    plan = Plan(**options)
    rows = []
    for name, changes in list(TRIALS[plan.model].items())[:trials]:
        rows.append({"name": name, "samples": plan.samples, "figures": plan.run(name, changes)})
        content = machine.report_header("ablation") | {
            "model": plan.model,
            "protocol": plan.protocol,
            "trials": rows,
        }
        storage.save_json(report, content)
        click.echo(f"{name}: {rows[-1]['figures']}")


@dataclass(frozen=True)
class Plan:
    """What all trials are trained and evaluated on."""

    model: str
    assets: Path
    encoder: Path
    real: Path
    photos: Path
    teacher: Path
    samples: int
    people: int
    out: Path

    @property
    def protocol(self) -> str:
        """A sentence for the report."""
        return (
            f"From the encoder {self.encoder.name} and fresh heads, {self.samples} samples each, "
            f"measured at cut {CUTS[self.model]} on {self.people} held-out people; far from "
            "converged, so read the differences."
        )

    def run(self, name: str, changes: tuple[str, ...]) -> dict[str, float]:
        """Train a trial, unless it was trained before, and give its figures."""
        folder = self.out / self.model / name.replace(" ", "-").replace("'", "")
        settings = [one for one in (*SHARED[self.model], *changes) if not one.startswith("model=")]
        models = [one.removeprefix("model=") for one in changes if one.startswith("model=")]
        trained = models[0] if models else self.model
        if not (folder / f"{trained}.onnx").is_file():
            data = ("--assets", self.assets, "--encoder", self.encoder, "--real", self.real)
            flags = [part for one in settings for part in ("--set", one)]
            _train("--model", trained, *data, "--out", folder, "--samples", self.samples, *flags)
        cut = CUTS[self.model]
        found = {
            key: _evaluated(folder / f"{trained}.onnx", key, dataset, cut)
            for key, dataset in self._datasets().items()
        }
        return _figures(found) | _cost(trained, folder, cut)

    def _datasets(self) -> dict[str, tuple[object, ...]]:
        synthetic = ("synthetic", "--root", self.assets, "--people", self.people)
        return {
            "widened": synthetic,
            "captured": (*synthetic, "--motion", "mocap"),
            "photos": ("photos", "--root", self.photos, "--teacher", self.teacher),
            "clip": ("clip", "--root", "sample"),
        }


def _train(*arguments: object) -> None:
    processes = machine.usable_cores()
    start = ["-m", "torch.distributed.run", "--nproc-per-node", str(processes), "-m", "edge3dpose"]
    single = {"OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_MAX_": "0",
              "MALLOC_TRIM_THRESHOLD_": "8000000000", "MALLOC_TOP_PAD_": "200000000"}  # fmt: skip
    _run([*start, "train", *map(str, arguments)], single)


def _evaluated(weights: Path, key: str, dataset: tuple[object, ...], cut: int) -> dict:
    """A row of errors; KEY.json beside the weights keeps it."""
    file = weights.with_name(f"{key}.json")
    if not file.is_file():
        network = ("--model", weights.stem, "--weights", weights, "--cut", cut)
        arguments = (*network, "--dataset", *dataset, "--report", file)
        _run(["-m", "edge3dpose", "evaluate", *map(str, arguments)], {})
    return json.loads(file.read_text(encoding="utf-8"))["cuts"][0]


def _figures(found: dict[str, dict]) -> dict[str, float]:
    return {
        "widened, MPJPE mm": found["widened"]["mpjpe_mm"],
        "PA mm": found["widened"]["pa_mpjpe_mm"],
        "root depth off by": found["widened"]["root_depth_error"],
        "captured, MPJPE mm": found["captured"]["mpjpe_mm"],
        "captured, PA mm": found["captured"]["pa_mpjpe_mm"],
        "photos, 2D PCK@0.5": found["photos"]["pck50"],
        "photos, PCK@0.2": found["photos"]["pck20"],
        "clip, PCK@0.2": found["clip"]["pck20"],
    }


def _cost(model: str, folder: Path, cut: int) -> dict[str, float]:
    """Work of a call, and its time in BF16 on this CPU."""
    file = folder / f"{model}.onnx"
    macs = list(inspect.costs(onnx.load(file)).values())[cut - 1].macs
    if not (report := folder / "speed.json").is_file():
        weights = ("--model", model, "--weights", file, "--cut", cut, "--engines", folder)
        how = ("--backend", "openvino", "--precision", "bf16", "--max-frames", 10)
        command = ("benchmark", *weights, *how, "--report", report)
        _run(["-m", "edge3dpose", *map(str, command)], {})
    return {
        "GMACs": round(macs / 1e9, 3),
        "engine ms": json.loads(report.read_text())["rows"][0]["engine"]["p50_ms"],
    }


def _run(command: list[str], more: dict[str, str]) -> None:
    subprocess.run([sys.executable, *command], check=True, env={**os.environ, **more})


if __name__ == "__main__":
    main()
