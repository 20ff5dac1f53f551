"""What edge3dpose evaluate does, apart from its options, so that --help stays light."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from rich.console import Console

from edge3dpose import models, paths, rooms
from edge3dpose.bench import accuracy
from edge3dpose.bench.accuracy import AllCuts
from edge3dpose.bench.heads import open_heads
from edge3dpose.commands import _outcome as outcome
from edge3dpose.commands._agreement import agreement, progress
from edge3dpose.commands._engine import choose, open_chosen
from edge3dpose.commands._progress import builds
from edge3dpose.commands._truth import people_of
from edge3dpose.errors import BadInput
from edge3dpose.types import Camera, Weights

Item = TypeVar("Item")

BATCH = 8  # people looked at in one call

SYNTHETIC = (
    "held-out synthetic people; joints inside the crop; crop camera and true root depth given; "
    "pelvis aligned; not a Human3.6M figure"
)


def evaluate(
    *,
    model: str,
    weights: Path | None,
    cut: str,
    dataset: str,
    root: str | None,
    backend: str | None,
    precision: str,
    engines: Path | None,
    people: int,
    first_seed: int,
    motion: str,
    split: str,
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
    cuts = sorted(set(models.parse_cuts(cut, spec)))
    if write_card and backend:
        raise BadInput("--write-card keeps the errors of the model's own file: leave out --backend")
    with _network(opened, cuts, backend, precision, engines) as network:
        if dataset == "synthetic":
            facts, rows = synthetic(opened, network, cuts, root, people, first_seed, motion)
        elif dataset in rooms.names("training.datasets"):
            facts, pictured = people_of(dataset, root, split, spec)
            rows = _errors(network, progress(pictured, "looking"), opened, cuts)
        else:
            facts, rows = agreement(
                opened.spec, network, cuts, _looked_at(dataset, root), labels, teacher
            )
    facts |= {"backend": backend or "openvino, every head at once", "precision": precision}
    Console().print(outcome.table(facts, rows))
    outcome.store(opened, facts, rows, file=report, write_card=write_card)
    outcome.judge(rows, require_mpjpe_mm, require_pck)


def _looked_at(dataset: str, root: str | None) -> str:
    """The clip or the folder of photos that is scored."""
    if dataset == "clip":
        return root or "sample"
    if root is None or not Path(root).is_dir():
        raise BadInput(f"--dataset photos takes a folder of pictures with --root, not {root}")
    return root


def synthetic(
    weights: Weights,
    network: AllCuts,
    cuts: list[int],
    root: str | None,
    people: int,
    first_seed: int,
    motion: str,
) -> tuple[dict, list[dict]]:
    """3D errors on held-out synthetic people: facts of the data set, a row a cut."""
    from edge3dpose.training.synthesis.dataset import Synthesizer

    assets = Path(root) if root else paths.home() / "data" / "synthetic.npz"
    if not assets.is_file():
        raise BadInput(
            f"no baked people at {assets}; make them: edge3dpose train --prepare --data DIR, "
            "or pass --root FILE.npz"
        )
    renders = Synthesizer(assets, "held-out", weights.spec.input_size, widen=motion == "wide")
    seeds = range(first_seed, first_seed + people)
    try:
        drawn = (_person(renders.sample(seed)) for seed in progress(seeds, "rendering, looking"))
        rows = _errors(network, drawn, weights, cuts)
    finally:
        renders.close()
    facts = {
        "name": "synthetic" if motion == "wide" else "synthetic-mocap",
        "protocol": SYNTHETIC,
        "assets_sha256": paths.sha256_of(assets),
        "split": "held-out",
        "motion": motion,
        "seeds": [seeds.start, seeds.stop],
    }
    return facts, rows


def _errors(
    network: AllCuts, people: Iterable[accuracy.Person], weights: Weights, cuts: list[int]
) -> list[dict]:
    errors = accuracy.errors_by_cut(network, people, weights.spec, cuts=cuts, batch=BATCH)
    return [asdict(error) for error in errors]


def _person(sample: Any) -> accuracy.Person:
    camera = Camera((sample.focal_px, sample.focal_px), sample.centre_px)
    return accuracy.Person(
        sample.image, camera, sample.root_depth_mm, sample.joints_mm, sample.inside
    )


@contextlib.contextmanager
def _network(
    weights: Weights, cuts: list[int], backend: str | None, precision: str, engines: Path | None
) -> Iterator[AllCuts]:
    """What answers for the cuts: the model's own file, or an engine for each cut."""
    if backend is None:
        if precision != "fp32":
            raise BadInput(f"--precision {precision} is of an engine: say which --backend")
        heads, rows = open_heads(weights), [cut - 1 for cut in cuts]
        yield lambda images: heads(images)[rows]
        return
    with contextlib.ExitStack() as stack:
        opened = []
        for cut in cuts:
            choice = choose(
                model=weights.spec.name,
                weights=weights.onnx,
                cut=str(cut),
                precision=precision,
                backend=backend,
            )
            with builds() as progress:
                engine, _ = open_chosen(choice, engines, progress=progress)
            stack.callback(engine.close)
            opened.append(engine)
        yield lambda images: np.stack([np.array(engine(images)) for engine in opened])
