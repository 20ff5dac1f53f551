"""What every cut says of people whose pose is known, beside what is true."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge3dpose.bench.heads import chunks
from edge3dpose.camera import back_project, focal_px
from edge3dpose.runtime.preprocess import to_tensor
from edge3dpose.types import Array, Camera, Crop, Image, ModelSpec

AllCuts = Callable[[Array], Array]  # (N, 3, S, S) -> (cuts, N, J, 4) = u, v, z, score


@dataclass(frozen=True, slots=True)
class Person:
    """A crop with exact joints, and the pinhole that sees just this crop."""

    image: Image  # (S, S, 3) BGR
    camera: Camera  # of the crop, in crop pixels
    root_depth_mm: float
    joints_mm: Array  # (J, 3) camera axes
    inside: NDArray[np.bool_]  # (J,) joints that lie in the crop
    facts: dict[str, float] = field(default_factory=dict)  # what its error may depend on


@dataclass(frozen=True, slots=True)
class Poses:
    """N people as they are and as each cut sees them."""

    found_mm: Array  # (cuts, N, J, 3) camera axes
    scores: Array  # (cuts, N, J)
    true_mm: Array  # (N, J, 3)
    inside: NDArray[np.bool_]  # (N, J)
    facts: dict[str, Array]  # each (N,)


def look(network: AllCuts, people: Iterable[Person], spec: ModelSpec, *, batch: int = 16) -> Poses:
    """Poses of people at their true depth.

    The crop camera and the true depth of the root are given (Luvizon et al., section 5), so that an
    error is the network's own and not a detector's.
    """
    found, scores, crowd = [], [], []
    for group in chunks(people, batch):
        outputs = network(to_tensor([_whole(person.image) for person in group], spec))
        found.append(
            [[_millimetres(pose, one, spec) for one, pose in zip(group, row, strict=True)]
             for row in outputs]
        )  # fmt: skip
        scores.append(outputs[..., 3].copy())
        crowd += group
    return Poses(
        np.concatenate([np.asarray(part, np.float32) for part in found], axis=1),
        np.concatenate(scores, axis=1),
        np.array([one.joints_mm for one in crowd]),
        np.array([one.inside for one in crowd]),
        {name: np.array([one.facts[name] for one in crowd]) for name in crowd[0].facts},
    )


def _whole(image: Image) -> Crop:
    return Crop(image, np.array([[1, 0, 0], [0, 1, 0]], np.float32))


def _millimetres(pose: Array, person: Person, spec: ModelSpec) -> NDArray[np.float64]:
    """pose (J, 4) -> (J, 3) camera mm at the person's true depth."""
    side_px, root_mm = person.image.shape[0], person.root_depth_mm
    span_mm = side_px * root_mm / focal_px(person.camera)  # what the crop's side spans there
    depth_mm = root_mm + (pose[:, 2] - 0.5) * spec.z_range_mm * span_mm / spec.crop_side_mm
    return back_project(pose[:, :2] * side_px, depth_mm, person.camera)
