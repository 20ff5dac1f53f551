"""What each part of a recipe is worth: short trainings that differ in one thing, on one ruler.

    python benchmarks/ablate.py --assets data/synthetic.npz --encoder pose_landmark_full.onnx \\
        --real data/real.npz --photos PHOTOS --teacher pose_landmark_heavy.tflite \\
        --report benchmarks/ablation-sspnet-lite.json

Trials that are there already in --out are not trained again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import onnx

from edge3dpose import machine, storage
from edge3dpose.compiler import inspect

# model -> the cut that is measured, what all of its trials share, and what each changes
CUTS = {"sspnet-lite": 11, "hemlets-edge": 1}
SHORT = {
    # the first eleven heads, many small steps; the encoder's deep layers learn from the middle on;
    # the ruler's cameras
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
@click.option("--trials", default=99, help="The first so many.  [default: all]")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs/ablation"))
@click.option("--report", type=click.Path(path_type=Path), required=True)
def main(
    model: str,
    assets: Path,
    encoder: Path,
    real: Path,
    photos: Path,
    teacher: Path,
    samples: int,
    people: int,
    trials: int,
    out: Path,
    report: Path,
) -> None:
    """Train and measure each trial, and write what came out after every one."""
    rows = []
    for name, changes in list(TRIALS[model].items())[:trials]:
        folder = out / model / name.replace(" ", "-").replace("'", "")
        kind = next((c.removeprefix("model=") for c in changes if c.startswith("model=")), model)
        if not (folder / f"{kind}.onnx").is_file():
            said = [one for one in (*SHORT[model], *changes) if not one.startswith("model=")]
            settings = [part for one in said for part in ("--set", one)]
            _train(
                *("--model", kind, "--assets", assets, "--encoder", encoder, "--real", real),
                *("--out", folder, "--samples", samples, *settings),
            )
        rulers = {
            "widened": ("synthetic", "--root", assets, "--people", people),
            "captured": ("synthetic", "--root", assets, "--people", people, "--motion", "mocap"),
            "photos": ("photos", "--root", photos, "--teacher", teacher),
            "clip": ("clip", "--root", "sample"),
        }
        found = {
            key: _measured(kind, folder, key, ruler, CUTS[model]) for key, ruler in rulers.items()
        }
        figures = _figures(found) | _cost(kind, folder, CUTS[model])
        rows.append({"name": name, "samples": samples, "figures": figures})
        content = machine.report_header("ablation") | {
            "model": model,
            "protocol": (
                f"From the encoder {encoder.name} and fresh heads, {samples} samples each, "
                f"measured at cut {CUTS[model]} on {people} held-out people; far from converged, "
                "so read the differences."
            ),
            "trials": rows,
        }
        storage.save_json(report, content)
        click.echo(f"{name}: {rows[-1]['figures']}")


def _train(*arguments: object) -> None:
    team = max(1, len(os.sched_getaffinity(0)))
    start = ["-m", "torch.distributed.run", "--nproc-per-node", str(team), "-m", "edge3dpose"]
    single = {"OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_MAX_": "0",
              "MALLOC_TRIM_THRESHOLD_": "8000000000", "MALLOC_TOP_PAD_": "200000000"}  # fmt: skip
    _run([*start, "train", *map(str, arguments)], single)


def _measured(model: str, folder: Path, key: str, ruler: tuple[object, ...], cut: int) -> dict:
    file = folder / f"{key}.json"
    if not file.is_file():
        weights = ("--model", model, "--weights", folder / f"{model}.onnx", "--cut", cut)
        arguments = (*weights, "--dataset", *ruler, "--report", file)
        _run(["-m", "edge3dpose", "evaluate", *map(str, arguments)], {})
    return json.loads(file.read_text())["cuts"][0]


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
    """Beside the errors: the work of a call, and a call in the shortest of the CPU's formats."""
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
