"""A data set with true 3D -> crops as its protocol wants them, for every cut to be scored on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edge3dpose import paths, plugins
from edge3dpose.camera import project
from edge3dpose.errors import BadInput
from edge3dpose.evaluation.predictions import Person
from edge3dpose.runtime.preprocess import crop_person
from edge3dpose.training.data.label_roi import roi_of
from edge3dpose.types import Box, Camera, Frame, ModelSpec

PROTOCOL = (
    "crop of 2.25 m about the true pelvis; one frame of {every}; true root depth given; "
    "pelvis aligned"
)


def people_of(
    dataset: str, root: str | None, split: str, spec: ModelSpec
) -> tuple[dict[str, Any], Iterator[Person]]:
    """Facts of the data set, and its people; BadInput where there are none."""
    if root is None:
        raise BadInput(f"--dataset {dataset} takes the data set with --root")
    reader = plugins.load("training.datasets", dataset)
    every = reader.TEST_EVERY if split == "test" else 1
    labels = [
        one
        for one in reader.open_dataset(Path(root), split)
        if one.frame % every == 0 and one.joints_mm is not None and one.image.is_file()
    ]
    if not labels:
        raise BadInput(f"{root} has no picture of {split} with 3D labels that is there to be read")
    listed = "\n".join(one.image.name for one in labels)
    facts = {
        "name": dataset,
        "protocol": PROTOCOL.format(every=every),
        "split": split,
        "pictures": len(labels),
        "pictures_sha256": hashlib.sha256(listed.encode()).hexdigest(),
        "labels_sha256": paths.sha256_of(Path(root)) if Path(root).is_file() else None,
    }
    return facts, (_person(one, spec) for one in labels)


def _person(label: Any, spec: ModelSpec) -> Person:
    image = cv2.imread(str(label.image))
    if image is None:
        raise BadInput(f"{label.image} is no picture that OpenCV can read")
    roi = roi_of(label, spec)
    if roi is None:
        raise BadInput(f"{label.image}: its pelvis is not labelled, or nearer than a person fits")
    x, y, side_px = roi
    half = side_px / 2
    box = Box(x - half, y - half, x + half, y + half)
    crop = crop_person(Frame(np.asarray(image, np.uint8), label.frame, 0.0), box, spec.input_size)
    scale = side_px / spec.input_size
    camera = Camera(
        (label.camera.focal_px[0] / scale, label.camera.focal_px[1] / scale),
        (
            (label.camera.centre_px[0] - box.x0) / scale,
            (label.camera.centre_px[1] - box.y0) / scale,
        ),
        label.camera.distortion,
    )
    seen = project(label.joints_mm, camera)
    inside = ((seen >= 0) & (seen < spec.input_size)).all(axis=1) & label.known
    joints = np.asarray(label.joints_mm, np.float32)
    depth_mm = float(joints[spec.skeleton.root, 2])
    return Person(crop.image, camera, depth_mm, joints, inside, name=label.image.name)
