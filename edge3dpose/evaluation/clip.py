"""Frames through the whole pipeline -> where each cut sees the joints of the labelled person."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from edge3dpose.camera import open_lens
from edge3dpose.evaluation.accuracy import LIMBS, Label
from edge3dpose.evaluation.predictions import AllCuts
from edge3dpose.runtime.detectors import open_detector
from edge3dpose.runtime.estimator import Estimator
from edge3dpose.runtime.lift import lift, units_from_outputs
from edge3dpose.runtime.preprocess import crop_person, to_tensor
from edge3dpose.runtime.sources import open_source
from edge3dpose.types import Array, Engine, Frame, ModelSpec, Pose3D


def frames_of(root: str) -> Iterator[Frame]:
    """The frames of a clip or folder, each with the camera that the runtime would assume."""
    lens = open_lens()
    with contextlib.closing(open_source(root)) as source:
        for frame in source:
            height, width = frame.image.shape[:2]
            yield replace(frame, camera=lens(width, height))


def pixels_by_cut(
    spec: ModelSpec,
    network: AllCuts,
    frames: Iterable[Frame],
    known: list[Label | None],
    *,
    related: bool,
) -> Array:
    """Where each cut sees the joints of the labelled person.

    The pipeline runs with the last cut, its own detector and following; the other cuts look into
    the squares that it chose.
    related  False for photos: each is searched anew, nobody is followed
    gives  (cuts, frames, J, 2) frame pixels, NaN where the pipeline finds nobody
    """
    cuts, joints = network(_nothing(spec)).shape[0], len(spec.skeleton.joints)
    detect = open_detector("follow").for_source(related=related)
    estimate = Estimator(spec, _Leader(network, spec), detect, follows=related)
    found = []
    for frame, label in zip(frames, known, strict=True):
        pose = _the_labelled(estimate(frame), label)
        if pose is None or pose.box is None:
            found.append(np.full((cuts, joints, 2), np.nan))
            continue
        crop = crop_person(frame, pose.box, spec.input_size)
        answers = network(to_tensor([crop], spec))[:, 0]
        units = units_from_outputs(answers)
        found.append(
            np.array(
                [lift(unit, crop.frame_from_crop, frame.camera, spec).pixels for unit in units]
            )
        )
    return np.stack(found, axis=1).astype(np.float32)


def _nothing(spec: ModelSpec) -> Array:
    return np.zeros((1, 3, spec.input_size, spec.input_size), np.float32)


class _Leader(Engine):
    """The last of the cuts as the pipeline's engine."""

    def __init__(self, network: AllCuts, spec: ModelSpec) -> None:
        self._network, self._spec = network, spec

    def __call__(self, images: Array) -> Array:
        found = np.empty(self._spec.output_shape(len(images)), np.float32)
        for n in range(len(images)):
            found[n] = self._network(images[n : n + 1])[-1, 0]
        return found

    def close(self) -> None:
        """Nothing is held."""


def _the_labelled(poses: list[Pose3D], label: Label | None) -> Pose3D | None:
    """The pose of the person that the teacher looks at, where there are several."""
    if label is None or not poses:
        return None
    joints = [joint for joint in LIMBS if label.seen[joint]]
    return min(poses, key=lambda pose: np.linalg.norm(pose.pixels[joints] - label.pixels[joints]))
