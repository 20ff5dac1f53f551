"""What edge3dpose evaluate does, apart from its options, so that --help stays light."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import click
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from edge3dpose import models, paths
from edge3dpose.bench import accuracy, labels, report
from edge3dpose.bench.clip import frames_of, pixels_by_cut
from edge3dpose.bench.heads import Heads, open_heads
from edge3dpose.errors import AccuracyGateFailed, BadInput
from edge3dpose.types import Array, Camera, Frame, Weights

Item = TypeVar("Item")

SYNTHETIC = (
    "held-out synthetic people; joints inside the crop; crop camera and true root depth given; "
    "pelvis aligned; not a Human3.6M figure"
)
CLIP = "shoulders, elbows, wrists, hips, knees, ankles against BlazePose heavy, in torso lengths"


def evaluate(
    *,
    model: str,
    weights: Path | None,
    cut: str,
    dataset: str,
    root: str | None,
    people: int,
    first_seed: int,
    labels: Path | None,
    teacher: Path | None,
    report: Path | None,
    write_card: bool,
    require_mpjpe_mm: float | None,
    require_pck: float | None,
) -> None:
    """See the command's help."""
    spec = models.find(model)
    opened = models.open_weights(spec, weights)
    cuts = models.parse_cuts(cut, spec)
    if dataset == "synthetic":
        facts, rows = synthetic(opened, cuts, root, people, first_seed)
    else:
        facts, rows = clip(opened, cuts, root or "sample", labels, teacher)
    Console().print(_table(facts, rows))
    _store(opened, facts, rows, report=report, write_card=write_card)
    _judge(rows, require_mpjpe_mm, require_pck)


def synthetic(
    weights: Weights, cuts: list[int], root: str | None, people: int, first_seed: int
) -> tuple[dict, list[dict]]:
    """3D errors on held-out synthetic people: facts of the data set, a row a cut."""
    from edge3dpose.training.synthesis.dataset import Synthesizer

    assets = Path(root) if root else paths.home() / "data" / "synthetic.npz"
    if not assets.is_file():
        raise BadInput(
            f"no baked people at {assets}; make them: edge3dpose train --prepare --data DIR, "
            "or pass --root FILE.npz"
        )
    renders = Synthesizer(assets, "held-out", weights.spec.input_size)
    seeds = range(first_seed, first_seed + people)
    heads = open_heads(weights)
    try:
        errors = accuracy.errors_by_cut(
            _only(heads, cuts),
            (_person(renders.sample(seed)) for seed in _progress(seeds, "rendering, looking")),
            weights.spec,
            cuts=cuts,
            batch=heads.batch,
        )
    finally:
        renders.close()
    facts = {
        "name": "synthetic",
        "protocol": SYNTHETIC,
        "assets_sha256": paths.sha256_of(assets),
        "split": "held-out",
        "seeds": [seeds.start, seeds.stop],
    }
    return facts, [asdict(error) for error in errors]


def _person(sample: Any) -> accuracy.Person:
    camera = Camera((sample.focal_px, sample.focal_px), sample.centre_px)
    return accuracy.Person(
        sample.image, camera, sample.root_depth_mm, sample.joints_mm, sample.inside
    )


def clip(
    weights: Weights, cuts: list[int], root: str, labels_file: Path | None, teacher: Path | None
) -> tuple[dict, list[dict]]:
    """2D agreement with the teacher on a clip: facts of it, a row a cut."""
    name, file = _clip_file(root)
    sha256 = paths.sha256_of(file)
    stored = labels_file or paths.home() / "benchmarks" / "labels" / f"{name}.json"
    if teacher is not None and not stored.is_file():
        rows = teach(root, teacher)
        labels.write(stored, rows, clip_sha256=sha256, teacher=paths.sha256_of(teacher))
        click.echo(f"wrote {stored}", err=True)
    known = labels.read(stored, sha256)
    network = _only(open_heads(weights, batch=1), cuts)
    pixels = pixels_by_cut(weights.spec, network, _progress(frames_of(root), "looking"), known)
    agreements = accuracy.agreement_by_cut(pixels, known, cuts=cuts)
    facts = {
        "name": "clip",
        "protocol": CLIP,
        "clip": name,
        "clip_sha256": sha256,
        "frames": len(known),
        "frames_with_a_person": sum(label is not None for label in known),
        "frames_found": int((~np.isnan(pixels[0, :, 0, 0])).sum()),
        "followed_by_cut": max(cuts),
    }
    return facts, [asdict(agreement) for agreement in agreements]


def teach(root: str, teacher: Path) -> list[labels.Row]:
    """The teacher's joints in every frame of a clip; the finder is the runtime's own."""
    from edge3dpose.runtime.detectors import blazepose
    from edge3dpose.training.teacher import follow, open_teacher

    detect = blazepose.open_detector()

    def find(image: Any) -> Any:
        boxes = detect(Frame(image, 0, 0.0), [])
        return max(boxes, key=lambda box: box.score, default=None)

    images = (frame.image for frame in _progress(frames_of(root), "labelling"))
    seen = follow(open_teacher(teacher), images, find)
    return [landmarks.joints() if landmarks else None for landmarks in seen]


def _only(heads: Heads, cuts: list[int]) -> Callable[[Array], Array]:
    rows = [cut - 1 for cut in cuts]
    return lambda images: heads(images)[rows]


def _clip_file(root: str) -> tuple[str, Path]:
    if root == "sample":
        from edge3dpose.runtime.sources import sample

        return "sample", sample.FILE
    file = Path(root)
    if not file.is_file():
        raise BadInput(f"no clip {root}; --dataset clip takes a video file or sample")
    return file.stem, file


def _progress(items: Iterable[Item], doing: str) -> Iterable[Item]:
    return track(items, doing, console=Console(stderr=True), transient=True)


_COLUMNS = {
    "cut": ("cut", "{}"),
    "mpjpe_mm": ("MPJPE mm", "{:.1f}"),
    "mpjpe16_mm": ("16 joints mm", "{:.1f}"),
    "pa_mpjpe_mm": ("PA mm", "{:.1f}"),
    "pck150": ("PCK@150", "{:.3f}"),
    "auc": ("AUC", "{:.3f}"),
    "mpjpe_all_joints_mm": ("all joints mm", "{:.1f}"),
    "pck50": ("PCK@0.5", "{:.3f}"),
    "pck20": ("PCK@0.2", "{:.3f}"),
    "median_torsos": ("median torsos", "{:.3f}"),
}


def _table(facts: dict, rows: list[dict]) -> Table:
    table = Table(title=f"{facts['name']}: {facts['protocol']}")
    for column in rows[0]:
        table.add_column(_COLUMNS[column][0], justify="right")
    for row in rows:
        table.add_row(*(_COLUMNS[name][1].format(value) for name, value in row.items()))
    return table


def _store(
    weights: Weights, facts: dict, rows: list[dict], *, report: Path | None, write_card: bool
) -> None:
    figures = [{name: round(value, 4) for name, value in row.items()} for row in rows]
    if report is not None:
        _save(report, weights, facts, figures)
        click.echo(f"wrote {report}")
    if write_card:
        card = models.read_card(weights.onnx)
        for row in figures:
            kept = card.setdefault("cuts", {}).setdefault(str(row["cut"]), {})
            kept.update({name: value for name, value in row.items() if name != "cut"})
        card.setdefault("evaluated", {})[facts["name"]] = facts
        models.write_card(weights.onnx, card)
        click.echo(f"wrote {weights.onnx.with_suffix('.json')}")


def _save(path: Path, weights: Weights, facts: dict, figures: list[dict]) -> None:
    content = report.header("accuracy") | {
        "model": weights.spec.name,
        "weights_sha256": weights.sha256,
        "state": weights.card.get("state"),
        "backend": "openvino",
        "precision": "fp32",
        "dataset": facts,
        "cuts": figures,
    }
    report.save(path, content)


def _judge(rows: list[dict], require_mpjpe_mm: float | None, require_pck: float | None) -> None:
    """AccuracyGateFailed where a bar that was asked for is missed."""
    if require_mpjpe_mm is not None:
        best = _best(rows, "mpjpe_mm", min, "--require-mpjpe-mm")
        if not best["mpjpe_mm"] <= require_mpjpe_mm:
            raise AccuracyGateFailed(
                f"the best cut, {best['cut']}, has MPJPE {best['mpjpe_mm']:.1f} mm; "
                f"wanted {require_mpjpe_mm:g} mm or less"
            )
        if rows[0]["cut"] == 1 and len(rows) > 1 and best["cut"] == 1:
            raise AccuracyGateFailed("no later cut is better than cut 1")
    if require_pck is not None:
        best = _best(rows, "pck50", max, "--require-pck")
        if not best["pck50"] >= require_pck:
            raise AccuracyGateFailed(
                f"the best cut, {best['cut']}, has PCK@0.5 {best['pck50']:.3f}; "
                f"wanted {require_pck:g} or more"
            )


def _best(rows: list[dict], figure: str, better: Callable, option: str) -> dict:
    if figure not in rows[0]:
        raise BadInput(f"{option} asks for a figure that this data set does not give: {figure}")
    return better(rows, key=lambda row: row[figure])
