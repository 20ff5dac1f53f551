"""The errors of a model's cuts on one data set: a request -> an accuracy report."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from edge3dpose import checks, models, plugins
from edge3dpose.engine_types import EngineRequest, Weights
from edge3dpose.errors import BadInput
from edge3dpose.evaluation import accuracy, labels, peers, recordings
from edge3dpose.evaluation.agreement_2d import Network, agreement
from edge3dpose.evaluation.datasets import People, dataset_people, synthetic_people
from edge3dpose.evaluation.error_analysis import analyse
from edge3dpose.evaluation.predictions import AllCuts, predict
from edge3dpose.evaluation.progress import tracked
from edge3dpose.records import from_json, to_json
from edge3dpose.reports.accuracy_rows import (
    AccuracyReport,
    AccuracyRow,
    Dataset,
    ErrorAnalysis,
)
from edge3dpose.reports.rows import new_header
from edge3dpose.runtime.all_heads import open_heads
from edge3dpose.runtime.flip_test import flip_tested
from edge3dpose.selection.defaults import resolve
from edge3dpose.selection.engine import open_engine
from edge3dpose.skeletons import H36M17
from edge3dpose.types import Progress

BATCH = 8  # people in one call of the network
SPLITS = ("train", "test", "all")
MOTIONS = ("wide", "mocap")


@dataclass(frozen=True, slots=True)
class EvaluateRequest:
    """What ``evaluate`` measures; each field is described there."""

    model: str = "sspnet-lite"
    weights: str | Path | None = None
    cut: str | int = "all"
    dataset: str = "synthetic"
    root: str | Path | None = None
    split: str = "test"
    backend: str | None = None
    precision: str = "fp32"
    engines: str | Path | None = None
    people: int = 1000
    first_seed: int = 0
    motion: str = "wide"
    overhead: bool = False
    passes: int = 2
    flip_test: bool = False
    labels: str | Path | None = None
    teacher: str | Path | None = None
    against: tuple[str | Path, ...] = ()
    filter_options: Mapping[str, Any] = field(default_factory=dict)


def evaluate(
    request: EvaluateRequest | None = None, *, progress: Progress | None = None, **options: Any
) -> AccuracyReport:
    """Measure the errors of each cut of a model on one data set.

    request   what to measure; None for the defaults
    progress  called with (what is done, share of it)
    options   fields of the request by name:

    model       name of a model, see ``edge3dpose.models.specs()``
    weights     ONNX file of your own with its card beside it; None for the shipped weights
    cut         a number, several with commas ("7,11"), or "all"
    dataset     "synthetic" (rendered people with exact joints), "clip" or "photos" (against a 2D
                teacher), "h36m", "mpi-inf-3dhp", "mocap" (clips with motion capture) or "views"
                (one person before calibrated cameras)
    root        the baked people, the video ("sample" is the bundled one), the folder of photos or
                of clips, the npz of views, or the data set
    split       of h36m and mpi-inf-3dhp: "train", "test" or "all"
    backend     evaluate its engines; None for the model's own file in FP32
    precision   of the engines
    engines     folder of built engines; None for the usual one
    people      synthetic: how many
    first_seed  synthetic: seed of the first person
    motion      synthetic: "wide" as in training, or "mocap" as it was captured
    overhead    synthetic: seen from 50 to 85 degrees above
    passes      3D: with 2, people who lean are predicted again in a turned crop, as when following
    flip_test   average each prediction with that of the flipped crop
    labels      file of the teacher's 2D joints; None for the usual place
    teacher     pose_landmark_heavy.tflite, which makes the labels where the file is missing
    against     MediaPipe's pose_landmark_*.tflite, evaluated on the same people
    filter_options  mocap, views: option values of filter plugins, such as {"smooth": False}

    Returns an AccuracyReport, a row of figures a cut. 3D: MPJPE, PA-MPJPE (millimetres), PCK@150,
    AUC, root depth error, and in ``analysis`` where the error of the best cut lies. 2D: PCK and the
    median distance in torso lengths. mocap, views: of whole pipelines, see docs/accuracy.md, and in
    ``recordings`` every clip and other systems. ``edge3dpose.reports.rows.save`` writes it as JSON.

    Raises BadInput for a data set that is not there, unknown names and values that cannot be,
    EngineMismatch for labels of another clip, MissingDependency without OpenVINO.

    Example::

        # takes minutes
        report = edge3dpose.evaluate(dataset="clip", cut="7,11")
        for row in report.cuts:
            print(row.cut, row.figures["pck50"])
    """
    wanted = checks.request(EvaluateRequest, request, options)
    checks.function("progress", progress)
    _check(wanted)
    spec = models.find(wanted.model)
    file = checks.file_name("weights", wanted.weights)
    weights = models.open_weights(spec, file)
    cuts = sorted(set(models.parse_cuts(str(wanted.cut), spec)))
    if wanted.dataset in recordings.formats():
        return _on_recordings(wanted, weights, cuts, progress)
    analysis: ErrorAnalysis | None = None
    with _network(weights, cuts, wanted, progress) as all_cuts:
        if wanted.flip_test:
            all_cuts = flip_tested(all_cuts, spec.skeleton)
        network = Network(spec, cuts, all_cuts)
        if wanted.dataset in ("clip", "photos"):
            clip = labels.find_clip(_clip_root(wanted))
            file = checks.file_name("labels", wanted.labels)
            teacher = checks.file_name("teacher", wanted.teacher)
            facts, rows = agreement(network, clip, file, teacher, progress)
        else:
            if spec.skeleton != H36M17 or not spec.has_depth:
                kind = spec.skeleton.name + ("" if spec.has_depth else ", 2D")
                raise BadInput(
                    f"--dataset {wanted.dataset} wants 3D joints of {H36M17.name}, {spec.name} has "
                    f"{kind}; it can be evaluated with clip, photos, crowds and, in 3D, mocap"
                )
            people = _people(wanted, weights)
            rows, analysis = _errors_3d(network, people, wanted, progress)
            facts = people.facts | {"looks": wanted.passes}
    facts["name"] += "-mirrored" if wanted.flip_test else ""
    facts |= {
        "backend": wanted.backend or "openvino, every head at once",
        "precision": wanted.precision,
    }
    return _report(weights, facts, cuts=tuple(_row(row) for row in rows), analysis=analysis)


def _on_recordings(
    wanted: EvaluateRequest, weights: Weights, cuts: Sequence[int], progress: Progress | None
) -> AccuracyReport:
    """The report of real people's motion, by whole pipelines."""
    from edge3dpose.evaluation.recorded import Pipelines, recorded_errors

    if wanted.root is None:
        raise BadInput(f"--dataset {wanted.dataset} takes its folder or file with --root")
    options = {
        "model": wanted.model,
        "weights": wanted.weights,
        "precision": wanted.precision,
        "backend": wanted.backend or "auto",
        "engines": wanted.engines,
        "flip_test": wanted.flip_test,
        "filter_options": wanted.filter_options,
    }
    against = [Path(file) for file in wanted.against]
    facts, systems = recorded_errors(
        Pipelines(tuple(cuts), options), wanted.dataset, Path(wanted.root), against, progress
    )
    facts["name"] += "-mirrored" if wanted.flip_test else ""
    ours = tuple(
        AccuracyRow(cut=one.cut, figures=one.mean) for one in systems if one.cut is not None
    )
    return _report(weights, facts, cuts=ours, recordings=tuple(systems))


def _report(weights: Weights, facts: dict[str, Any], **parts: Any) -> AccuracyReport:
    """The report of what was measured; ``facts`` are the data set's, name and protocol too."""
    name, protocol = facts.pop("name"), facts.pop("protocol")
    report = AccuracyReport(
        header=new_header(AccuracyReport),
        model=weights.spec.name,
        weights_sha256=weights.sha256,
        state=weights.card.get("state"),
        dataset=Dataset(name=name, protocol=protocol, facts=facts),
        **{"analysis": None, **parts},
    )
    return from_json(AccuracyReport, _rounded(to_json(report)), "the new report")


def _check(wanted: EvaluateRequest) -> None:
    """BadInput for a value that would be taken for another one, or fail later."""
    known = (
        *("synthetic", "clip", "photos"),
        *plugins.names("training.datasets"),
        *recordings.formats(),
    )
    if wanted.dataset not in known:
        raise BadInput(f"no data set {wanted.dataset!r}: wanted one of {', '.join(known)}")
    if wanted.filter_options and wanted.dataset not in recordings.formats():
        options = " ".join(f"--{name.replace('_', '-')}" for name in wanted.filter_options)
        raise BadInput(f"{options}: only --dataset {' and '.join(recordings.formats())} filters")
    if wanted.split not in SPLITS:
        raise BadInput(f"no split {wanted.split!r}: wanted one of {', '.join(SPLITS)}")
    if wanted.motion not in MOTIONS:
        raise BadInput(f"no motion {wanted.motion!r}: wanted one of {', '.join(MOTIONS)}")
    if wanted.passes not in (1, 2):
        raise BadInput(f"--passes {wanted.passes}: wanted 1 or 2")
    checks.count("people", wanted.people)
    checks.count("first_seed", wanted.first_seed, least=0)
    checks.switch("overhead", wanted.overhead)
    checks.switch("flip_test", wanted.flip_test)
    checks.file_name("root", wanted.root)
    if isinstance(wanted.against, str | Path) or not isinstance(wanted.against, Sequence):
        raise BadInput(f"against is {wanted.against!r}; wanted a list of files")


def _row(figures: dict[str, Any]) -> AccuracyRow:
    others = {name: value for name, value in figures.items() if name != "cut"}
    return AccuracyRow(cut=figures["cut"], figures=others)


def _clip_root(wanted: EvaluateRequest) -> str:
    """The clip or the folder of photos."""
    if wanted.dataset == "clip":
        return str(wanted.root or "sample")
    if wanted.root is None or not Path(wanted.root).is_dir():
        raise BadInput(
            f"--dataset photos takes a folder of pictures with --root, not {wanted.root}"
        )
    return str(wanted.root)


def _people(wanted: EvaluateRequest, weights: Weights) -> People:
    """The people with known 3D joints."""
    root = None if wanted.root is None else str(wanted.root)
    if wanted.dataset == "synthetic":
        seeds = range(wanted.first_seed, wanted.first_seed + wanted.people)
        motion, overhead = wanted.motion, wanted.overhead
        return synthetic_people(weights.spec, root, seeds, motion=motion, overhead=overhead)
    return dataset_people(weights.spec, wanted.dataset, root, wanted.split)


def _errors_3d(
    network: Network, people: People, wanted: EvaluateRequest, progress: Progress | None
) -> tuple[list[dict[str, Any]], ErrorAnalysis]:
    """A row of errors a cut, and the analysis of the best of them, with the peers."""
    opened = [peers.open_peer(Path(file)) for file in wanted.against]
    shown = peers.shown_to(tracked(people.people, "people", people.count, progress), opened)
    spec, root = network.spec, network.spec.skeleton.root
    poses = predict(network.predict, shown, spec, batch=BATCH, passes=wanted.passes)
    rows = [asdict(one) for one in accuracy.errors_by_cut(poses, network.cuts, root=root)]
    best = min(range(len(rows)), key=lambda row: rows[row]["mpjpe_mm"])
    analysis = analyse(poses, best, network.cuts[best], spec)
    if opened:
        errors = tuple(peer.errors(poses, best, root=root) for peer in opened)
        analysis = replace(analysis, peers_protocol=peers.PROTOCOL, peers=errors)
    return rows, analysis


@contextmanager
def _network(
    weights: Weights, cuts: Sequence[int], wanted: EvaluateRequest, progress: Progress | None
) -> Iterator[AllCuts]:
    """What predicts for all cuts: the model's own file, or an engine a cut."""
    if wanted.backend is None:
        if wanted.precision != "fp32":
            raise BadInput(f"--precision {wanted.precision} is of an engine: say which --backend")
        heads, rows = open_heads(weights), [cut - 1 for cut in cuts]
        yield lambda images: heads(images)[rows]
        return
    folder = checks.file_name("engines", wanted.engines)
    with ExitStack() as stack:
        opened = []
        for cut in cuts:
            request = EngineRequest(
                weights.spec.name, weights.onnx, cut, wanted.precision, wanted.backend
            )
            engine = open_engine(resolve(request), folder, progress)
            stack.callback(engine.close)
            opened.append(engine)
        yield lambda images: np.stack([np.array(engine(images)) for engine in opened])


def _rounded(value: Any) -> Any:
    """Floats with four decimals; None for those that are not finite, which JSON has not."""
    if isinstance(value, float):
        return round(value, 4) if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list) else value
