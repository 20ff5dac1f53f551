"""2D agreement of each cut with the teacher, on a clip or on unrelated photos."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from edge3dpose import paths
from edge3dpose.camera import open_lens
from edge3dpose.engine_types import Engine, ModelSpec
from edge3dpose.errors import BadInput
from edge3dpose.evaluation import accuracy, labels
from edge3dpose.evaluation.accuracy import LIMBS, Label
from edge3dpose.evaluation.labels import Clip
from edge3dpose.evaluation.predictions import AllCuts
from edge3dpose.evaluation.progress import tracked
from edge3dpose.runtime.detectors import open_detector
from edge3dpose.runtime.estimator import Estimator
from edge3dpose.runtime.lift import lift, units_from_outputs
from edge3dpose.runtime.preprocess import crop_person, to_tensor
from edge3dpose.runtime.sources import open_source
from edge3dpose.skeletons import H36M17, has_h36m17, to_h36m17
from edge3dpose.types import Array, Frame, Pose3D, Progress

_log = logging.getLogger(__name__)

PROTOCOL = "shoulders, elbows, wrists, hips, knees, ankles against BlazePose heavy, torso lengths"


@dataclass(frozen=True, slots=True)
class Network:
    """What answers for the cuts that are evaluated, all in one call."""

    spec: ModelSpec
    cuts: list[int]
    predict: AllCuts


def agreement(
    network: Network,
    clip: Clip,
    labels_file: Path | None,
    teacher: Path | None,
    progress: Progress | None = None,
) -> tuple[dict[str, Any], list[dict[str, float]]]:
    """Facts of the data set, and a row of figures a cut.

    labels_file  of the clip; None for the usual place
    teacher      that makes the labels where the file is missing
    """
    file = labels_file or clip.labels_file
    if teacher is not None and not file.is_file():
        rows = labels.make(clip, teacher, progress)
        labels.write(file, rows, clip_sha256=clip.sha256, teacher=paths.sha256_of(teacher))
        _log.info("wrote %s", file)
    known = labels.read(file, clip.sha256)
    frames = tracked(frames_of(clip.root), "frames", len(known), progress)
    pixels = pixels_by_cut(network, frames, known, related=clip.related)
    facts = {
        "name": "clip" if clip.related else "photos",
        "protocol": PROTOCOL,
        "clip": clip.name,
        "clip_sha256": clip.sha256,
        "frames": len(known),
        "frames_with_a_person": sum(label is not None for label in known),
        "frames_found": int((~np.isnan(pixels[0, :, 0, 0])).sum()),
        "squares_by_cut": max(network.cuts),
    }
    rows_2d = accuracy.agreement_by_cut(pixels, known, cuts=network.cuts)
    return facts, [asdict(row) for row in rows_2d]


def frames_of(root: str) -> Iterator[Frame]:
    """The frames of a clip or folder, each with the camera that the runtime would assume."""
    lens = open_lens()
    with closing(open_source(root)) as source:
        for frame in source:
            height, width = frame.image.shape[:2]
            yield replace(frame, camera=lens(width, height))


def pixels_by_cut(
    network: Network, frames: Iterable[Frame], known: list[Label | None], *, related: bool
) -> Array:
    """The joints (h36m17) of the labelled person by each cut: (cuts, frames, 17, 2) frame pixels.

    The pipeline runs with the last cut, its own detector and following; the other cuts predict from
    the same ROIs. NaN where the pipeline finds nobody.
    related  False for photos: each is searched anew, nobody is followed
    """
    spec, joints = network.spec, len(H36M17.joints)
    if not has_h36m17(spec.skeleton):
        raise BadInput(f"{spec.skeleton.name} of {spec.name} has no map to {H36M17.name}")
    if spec.maps is not None:
        raise BadInput(f"{spec.name} is bottom-up: evaluate it with --dataset people or crowds")
    found = []
    with ExitStack() as stack:
        searcher = stack.enter_context(closing(open_detector("follow")))
        detect = searcher.for_source(related=related)
        estimate = stack.enter_context(closing(Estimator(spec, _LastCut(network), detect)))
        for frame, label in zip(frames, known, strict=True):
            pose = _labelled_person(estimate(frame), label)
            if pose is None or pose.box is None:
                found.append(np.full((len(network.cuts), joints, 2), np.nan))
                continue
            crop = crop_person(frame, pose.box, spec.input_size)
            units = units_from_outputs(network.predict(to_tensor([crop], spec))[:, 0])
            lifted = [lift(unit, crop.frame_from_crop, frame.camera, spec) for unit in units]
            found.append(np.array([to_h36m17(one.pixels, spec.skeleton) for one in lifted]))
    return np.stack(found, axis=1).astype(np.float32)


class _LastCut(Engine):
    """The last of the cuts as the pipeline's engine."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def __call__(self, images: Array) -> Array:
        outputs = np.empty(self._network.spec.output_shape(len(images)), np.float32)
        for n in range(len(images)):
            outputs[n] = self._network.predict(images[n : n + 1])[-1, 0]
        return outputs

    def close(self) -> None:
        """Nothing to free."""


def _labelled_person(poses: list[Pose3D], label: Label | None) -> Pose3D | None:
    """Of several people the one whom the teacher has labelled."""
    if label is None or not poses:
        return None
    joints = [joint for joint in LIMBS if label.seen[joint]]

    def away_px(pose: Pose3D) -> float:
        mapped = to_h36m17(pose.pixels, pose.skeleton)
        return float(np.linalg.norm(mapped[joints] - label.pixels[joints]))

    return min(poses, key=away_px)
