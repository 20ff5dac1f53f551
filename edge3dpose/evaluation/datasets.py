"""People with known 3D joints, for every cut to be evaluated on: synthetic, or of a data set."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edge3dpose import paths, plugins
from edge3dpose.camera import project
from edge3dpose.engine_types import ModelSpec
from edge3dpose.errors import BadInput
from edge3dpose.evaluation.predictions import Person
from edge3dpose.runtime.preprocess import crop_person
from edge3dpose.training.data.label_roi import roi_of
from edge3dpose.types import Box, Camera, Frame

SYNTHETIC_PROTOCOL = (
    "held-out synthetic people; joints inside the crop; crop camera and true root depth given; "
    "pelvis aligned; not a Human3.6M figure"
)
PROTOCOL = (
    "crop of 2.25 m about the true pelvis; one frame of {every}; true root depth given; "
    "pelvis aligned"
)


@dataclass(frozen=True, slots=True)
class People:
    """The people of a data set, and what a report says of it."""

    facts: dict[str, Any]
    count: int
    people: Iterator[Person]


def synthetic_people(
    spec: ModelSpec, root: str | None, seeds: range, *, motion: str = "wide", overhead: bool = False
) -> People:
    """Held-out synthetic people, one of each seed.

    root      the baked assets; None for the usual place
    motion    "wide" as in training, or "mocap" as it was captured
    overhead  seen from 50 to 85 degrees above
    """
    assets = Path(root) if root else paths.home() / "data" / "synthetic.npz"
    if not assets.is_file():
        raise BadInput(
            f"no baked people at {assets}; make them: edge3dpose train --prepare --data DIR, "
            "or pass --root FILE.npz"
        )
    facts = {
        "name": ("synthetic" if motion == "wide" else "synthetic-mocap") + "-overhead" * overhead,
        "protocol": SYNTHETIC_PROTOCOL + "; seen from 50 to 85 degrees above" * overhead,
        "assets_sha256": paths.sha256_of(assets),
        "split": "held-out",
        "motion": motion,
        "seeds": [seeds.start, seeds.stop],
    }
    drawn = {"widen": motion == "wide", "overhead": float(overhead)}
    return People(facts, len(seeds), _rendered(assets, spec, seeds, drawn))


def _rendered(
    assets: Path, spec: ModelSpec, seeds: range, drawn: dict[str, Any]
) -> Iterator[Person]:
    from edge3dpose.training.synthesis.synthesizer import RenderSettings, Synthesizer

    renders = Synthesizer(assets, "held-out", spec.input_size, RenderSettings(**drawn))
    try:
        for seed in seeds:
            yield _synthetic_person(renders.sample(seed), spec)
    finally:
        renders.close()


def _synthetic_person(sample: Any, spec: ModelSpec) -> Person:
    camera = Camera((sample.focal_px, sample.focal_px), sample.centre_px)
    joints = sample.joints_mm
    seen = project(joints, camera)[sample.inside]
    names = spec.skeleton.joints
    trunk = joints[names.index("thorax")] - joints[names.index("pelvis")]
    upright = -float(trunk @ sample.down / np.linalg.norm(trunk))
    facts = {
        "height_px": float(np.ptp(seen, axis=0).max()) if len(seen) else 0.0,
        "elevation_deg": float(sample.elevation_deg),
        "hidden_share": 1 - float(sample.visible.sum() / max(sample.inside.sum(), 1)),
        "torso_tilt_deg": float(np.degrees(np.arccos(np.clip(upright, -1, 1)))),
    }
    return Person(sample.image, camera, sample.root_depth_mm, joints, sample.inside, facts)


def dataset_people(spec: ModelSpec, dataset: str, root: str | None, split: str) -> People:
    """The labelled people of a data set, cropped as its protocol says; BadInput for none.

    root   path of the data set
    split  "train", "test" or "all"
    """
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
    return People(facts, len(labels), (_labelled_person(one, spec) for one in labels))


def _labelled_person(label: Any, spec: ModelSpec) -> Person:
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
