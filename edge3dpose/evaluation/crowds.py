"""Rendered crowds -> what the whole pipeline of ``run`` finds in them: a CrowdsReport."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import Any

from edge3dpose import paths
from edge3dpose.evaluation import crowd_matching
from edge3dpose.evaluation.crowd_figures import MatchedCrowd, by_hidden, figures
from edge3dpose.evaluation.progress import tracked
from edge3dpose.pose import PoseEstimator
from edge3dpose.reports.crowd_rows import CrowdRow, CrowdsReport
from edge3dpose.reports.rows import new_header
from edge3dpose.runtime.sources import open_source
from edge3dpose.training.synthesis.crowd_files import CrowdTruth, read_crowds
from edge3dpose.types import Camera, Pose3D, Progress

PROTOCOL = (
    "rendered crowds of held-out people and motion; the whole pipeline of run, the camera given; "
    f"a skeleton is a person's with an OKS of {crowd_matching.LEAST_OKS} over the joints in the "
    f"frame; people hidden by {crowd_matching.IGNORED:.0%} or more are left out"
)
_OF_ONE_SEQUENCE = ("source", "live")  # of a run's header


def evaluate_crowds(
    root: str | Path, options: Mapping[str, Any] | None = None, progress: Progress | None = None
) -> CrowdsReport:
    """Run a pipeline over the crowds of a folder, which ``edge3dpose render-crowds`` made.

    root      the folder
    options   of PoseEstimator, besides the camera
    progress  called with (what is done, share of it)
    Raises BadInput for no crowds, MissingDependency without motmetrics.
    """
    crowd_matching.open_motmetrics()
    crowds = read_crowds(Path(root))
    rows, matched = [], []
    start_s = perf_counter()
    truth = crowds[0]

    def camera(width: int, height: int) -> Camera:
        return truth.camera  # of the crowd that is looked at

    with PoseEstimator(camera=camera, progress=progress, **(options or {})) as pose:
        config, pipeline = pose.config, _header(pose, truth)
        for truth in crowds:
            found = crowd_matching.match(truth, _people(pose, truth, progress))
            matched.append(MatchedCrowd(found, truth.hidden, truth.fps))
            rows.append(_row(truth.name, matched[-1:]))
    return CrowdsReport(
        header=new_header(CrowdsReport),
        model=config.spec.name,
        weights_sha256=config.weights.sha256,
        protocol=PROTOCOL,
        truth_sha256={one.name: paths.sha256_of(one.video.with_suffix(".npz")) for one in crowds},
        pipeline=pipeline,
        seconds=round(perf_counter() - start_s, 1),
        rows=tuple(rows),
        overall=_row("all", matched),
    )


def _people(
    pose: PoseEstimator, truth: CrowdTruth, progress: Progress | None
) -> Iterator[list[Pose3D]]:
    total = len(truth.hidden)
    for _, people in tracked(pose.stream(str(truth.video)), truth.name, total, progress):
        yield [person.in_h36m17() for person in people]


def _row(name: str, matched: list[MatchedCrowd]) -> CrowdRow:
    return CrowdRow(
        name=name,
        people=sum(one.hidden.shape[1] for one in matched),
        frames=sum(len(one.hidden) for one in matched),
        by_hidden=by_hidden(matched),
        figures={
            key: None if value is None else round(value, 4)
            for key, value in figures(matched).items()
        },
    )


def _header(pose: PoseEstimator, truth: CrowdTruth) -> dict[str, Any]:
    with closing(open_source(str(truth.video))) as source:
        header = pose.options.header(pose.config, source)
    return {name: value for name, value in header.items() if name not in _OF_ONE_SEQUENCE}
