"""How many people the detectors find in labelled pictures, and what else: a PeopleReport."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np

from edge3dpose import machine
from edge3dpose.engine_types import Engine, EngineConfig, EngineRequest
from edge3dpose.evaluation.labelled_people import (
    Corners,
    LabelledPictures,
    Labels,
    Unrelated,
    facts,
    paired,
)
from edge3dpose.evaluation.progress import tracked
from edge3dpose.pose import PoseEstimator
from edge3dpose.pose_options import EstimatorOptions
from edge3dpose.reports.people_rows import FinderRow, Found, PeopleReport, PictureFound, SearchTime
from edge3dpose.reports.rows import new_header
from edge3dpose.runtime.backends import openvino
from edge3dpose.runtime.detectors import Detector, nanodet, open_detector
from edge3dpose.runtime.tracking.similarity import iou
from edge3dpose.selection.defaults import resolve
from edge3dpose.selection.engine import open_engine
from edge3dpose.types import Box, Frame, Progress

# a detector alone -> the one that run follows with, which searches with it
FINDERS = {"nanodet": "follow", "blazepose": "follow-blazepose"}
KINDS = (("nanodet", False), ("nanodet", True), ("blazepose", False))  # True: its quick search
THREADS = {"nanodet": nanodet.THREADS}
ROUNDS = 3  # each picture is searched so often for the time; the first search does not count
NEAR = 0.1  # of the box's longer side: a ROI's centre may lie so far outside the box
SIDES = (0.75, 4.5)  # of an ROI, in longer sides of the box: a half body's ROI is a whole one's
LEAST_IOU = 0.4  # of two tight boxes
PROTOCOL = (
    "each picture by itself; a person is found where the centre of an ROI, the pelvis, lies in the "
    "box that was drawn by hand, or beyond the frame's border where the border cuts the box, and "
    f"the ROI's side is {SIDES[0]:g} to {SIDES[1]:g} times the box's longer side, one ROI a "
    f"person; by tight boxes: intersection over union of {LEAST_IOU} or more; after the pose "
    "check: the ROIs of the poses that run gives; false alarms are counted where everybody is "
    "marked; times are of one search, shrinking the picture included"
)


@dataclass(frozen=True, slots=True)
class _Kind:
    """Which search is measured."""

    name: str  # of the detector
    precision: str
    quick: bool


Fits = Callable[[Box, Corners], bool]


@dataclass(slots=True)
class _Count:
    """People found and false alarms, picture by picture."""

    found: list[int]
    false: list[int | None]

    def add(self, boxes: Sequence[Box], labels: Labels, fits: Fits) -> None:
        pairs = paired([[fits(box, person) for person in labels.boxes] for box in boxes])
        self.found.append(len(pairs))
        self.false.append(len(boxes) - len(pairs) if labels.all_marked else None)

    def total(self, people: int) -> Found:
        counted = [n for n in self.false if n is not None]
        return Found(
            found=sum(self.found),
            recall=round(sum(self.found) / max(people, 1), 4),
            false_alarms=sum(counted),
            false_alarms_a_picture=round(sum(counted) / max(len(counted), 1), 4),
        )


def evaluate_people(
    root: str | Path,
    request: EngineRequest | None = None,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> PeopleReport:
    """Search labelled pictures with each detector, and check what is found with a pose network.

    root      folder with truth/people_boxes.json and the pictures it names
    request   the engine of the poses; None for the one that run takes by itself
    folder    of built engines; None for the usual one
    progress  called with (what is done, share of it)
    Raises BadInput where labels or pictures are missing or do not fit each other.
    """
    request = request or EngineRequest()
    pictures = LabelledPictures(Path(root))
    frames = list(pictures)
    precisions = ["fp32", "bf16"] if openvino.computes_bf16() else ["fp32"]
    config = resolve(request)
    engine = open_engine(config, folder, progress)
    poses = partial(_poses, config, engine, frames)
    try:
        rows = []
        for name, quick in KINDS:
            for precision in precisions:
                kind = _Kind(name, precision, quick)
                with closing(open_detector(name, bf16=precision == "bf16")) as detector:
                    rows.append(_row(kind, detector, frames, pictures, poses, progress))
    finally:
        engine.close()
    of_labels = facts(pictures)
    return PeopleReport(
        header=new_header(PeopleReport),
        protocol=PROTOCOL,
        labels_sha256=of_labels["labels_sha256"],
        picture_count=of_labels["pictures"],
        people=of_labels["people"],
        all_marked=of_labels["all_marked"],
        model=config.spec.name,
        engine=config.text,
        weights_sha256=config.weights.sha256,
        rows=tuple(rows),
    )


def _row(
    kind: _Kind,
    detector: Detector,
    frames: Sequence[Frame],
    pictures: LabelledPictures,
    poses: Callable[[Detector], dict[str, list[Box]]],
    progress: Progress | None,
) -> FinderRow:
    """One search, picture by picture."""
    name, precision = kind.name, kind.precision
    bf16 = precision == "bf16"
    search = detector.quick_search if kind.quick else detector
    by_roi, by_box, by_pose = _Count([], []), _Count([], []), _Count([], [])
    seconds: list[float] = []
    boxed = True
    posed = {} if kind.quick else poses(open_detector(FINDERS[name], bf16=bf16))
    for frame in tracked(frames, f"{name} {precision}", len(frames), progress):
        labels = pictures.labels[str(frame.name)]
        fits = partial(fits_by_roi, frame_size=labels.size)
        boxes = search(frame)
        seconds += _times_s(search, frame)
        boxed &= all(box.extent is not None for box in boxes)
        by_roi.add(boxes, labels, fits)
        by_box.add(boxes, labels, fits_by_box)
        by_pose.add(posed.get(str(frame.name), []), labels, fits)
    people = sum(len(one.boxes) for one in pictures.labels.values())
    package = "openvino" if bf16 else "onnxruntime"
    return FinderRow(
        detector=f"{name}, quick" if kind.quick else name,
        precision=precision,
        runtime=f"{package} {machine.versions().get(package, '')}".strip(),
        threads=THREADS.get(name),
        by_roi=by_roi.total(people),
        by_box=by_box.total(people) if boxed else None,
        by_pose=None if kind.quick else by_pose.total(people),
        search=_search_time(seconds),
        pictures=()
        if kind.quick
        else tuple(
            PictureFound(
                name=str(frame.name),
                people=len(pictures.labels[str(frame.name)].boxes),
                found=by_roi.found[n],
                found_by_pose=by_pose.found[n],
                false_alarms=by_roi.false[n],
                false_alarms_by_pose=by_pose.false[n],
            )
            for n, frame in enumerate(frames)
        ),
    )


def _poses(
    config: EngineConfig, engine: Engine, frames: Sequence[Frame], detector: Detector
) -> dict[str, list[Box]]:
    """The ROIs of the poses that ``run`` gives of each picture."""
    options = EstimatorOptions(max_people=None, lift="none", smooth=False)
    found: dict[str, list[Box]] = {}
    with PoseEstimator.from_engine(config, engine, options, detector=detector) as checked:
        for frame, people in checked.stream(Unrelated(frames)):
            found[str(frame.name)] = [one.box for one in people if one.box is not None]
    detector.close()
    return found


def fits_by_roi(box: Box, person: Corners, frame_size: tuple[int, int]) -> bool:
    """Whether an ROI is a person's, see PROTOCOL."""
    x0, y0, x1, y1 = person
    longer = max(x1 - x0, y1 - y0)
    x, y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    width, height = frame_size
    margin = NEAR * longer
    # a border that cuts the person: the pelvis may be beyond it
    left = x0 - (longer if x0 <= 0.01 * width else margin)
    right = x1 + (longer if x1 >= 0.99 * width else margin)
    top = y0 - (longer if y0 <= 0.01 * height else margin)
    bottom = y1 + (longer if y1 >= 0.99 * height else margin)
    inside = left <= x <= right and top <= y <= bottom
    return inside and SIDES[0] * longer <= box.x1 - box.x0 <= SIDES[1] * longer


def fits_by_box(box: Box, person: Corners) -> bool:
    """Whether a tight box is a person's; no where the detector gives none."""
    if box.extent is None:
        return False
    return bool(iou(np.array([box.extent]), np.array([person]))[0, 0] >= LEAST_IOU)


def _times_s(search: Callable[[Frame], list[Box]], frame: Frame) -> list[float]:
    """Seconds of each search of a picture that was searched before."""
    times = []
    for _ in range(ROUNDS):
        start = perf_counter()
        search(frame)
        times.append(perf_counter() - start)
    return times


def _search_time(seconds: Sequence[float]) -> SearchTime:
    p50, p90 = np.percentile(seconds, (50, 90)) * 1000
    least = min(seconds) * 1000
    return SearchTime(
        n=len(seconds),
        min_ms=round(least, 2),
        p50_ms=round(float(p50), 2),
        p90_ms=round(float(p90), 2),
    )
