"""Predictions of every cut for people whose pose is known, beside the true poses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge3dpose.camera import back_project, focal_px
from edge3dpose.engine_types import ModelSpec
from edge3dpose.runtime.all_heads import chunks
from edge3dpose.runtime.lift import depth_from_root, roi_scale
from edge3dpose.runtime.preprocess import crop_person, to_tensor
from edge3dpose.skeletons import lean_rad
from edge3dpose.types import Array, Box, Camera, Crop, Frame, Image

LEANING_RAD = 0.2  # 11 degrees: a person who leans less counts as upright

AllCuts = Callable[[Array], Array]  # (N, 3, S, S) -> (cuts, N, J, C) = u, v, z, score, more


@dataclass(frozen=True, slots=True)
class Person:
    """A crop with exact joints, and the pinhole that sees just this crop."""

    image: Image  # (S, S, 3) BGR
    camera: Camera  # of the crop, in crop pixels
    root_depth_mm: float
    joints_mm: Array  # (J, 3) camera axes
    inside: NDArray[np.bool_]  # (J,) joints that lie in the crop
    facts: dict[str, float] = field(default_factory=dict)  # what its error may depend on
    name: str = ""  # of the picture, where it has one


@dataclass(frozen=True, slots=True)
class Poses:
    """N people: true poses, and those that each cut predicts."""

    found_mm: Array  # (cuts, N, J, 3) camera axes
    scores: Array  # (cuts, N, J)
    true_mm: Array  # (N, J, 3)
    inside: NDArray[np.bool_]  # (N, J)
    facts: dict[str, Array]  # each (N,)
    prior_mm: Array  # (N,) root depths as the ROIs imply them
    depths_mm: Array  # (cuts, N) as each cut estimates them
    own_mm: Array  # (cuts, N, J, 3) camera axes, at those estimates
    names: tuple[str, ...] = ()  # (N,) of the pictures
    depth_std: Array | None = None  # (cuts, N, J) of the cube, of a model with has_std


def predict(
    network: AllCuts,
    people: Iterable[Person],
    spec: ModelSpec,
    *,
    batch: int = 16,
    passes: int = 2,
) -> Poses:
    """Poses of people, at their true depth and at the one that each cut estimates.

    The crop camera is given (as in Luvizon et al.), so that an error is the network's own and
    not a detector's.
    passes  with 2, a person who leans by the last cut is predicted again in a crop turned upright,
            as the runtime turns the ROIs of the people whom it follows
    """
    batches, crowd = [], []
    for group in chunks(people, batch):
        outputs = network(to_tensor([_whole(person.image) for person in group], spec)).copy()
        if passes > 1:
            _second_pass(network, group, outputs, spec)
        batches.append(outputs)
        crowd += group
    predicted = np.concatenate(batches, axis=1)
    priors = np.array([_prior_mm(one, spec) for one in crowd])
    scales = np.array([[roi_scale(pose, spec) for pose in row] for row in predicted])
    true = np.broadcast_to([one.root_depth_mm for one in crowd], scales.shape)
    own = _lifted(predicted, crowd, priors * scales, spec)
    return Poses(
        found_mm=_lifted(predicted, crowd, true, spec),
        scores=predicted[..., 3],
        true_mm=np.array([one.joints_mm for one in crowd]),
        inside=np.array([one.inside for one in crowd]),
        facts={name: np.array([one.facts[name] for one in crowd]) for name in crowd[0].facts},
        prior_mm=priors.astype(np.float32),
        depths_mm=(priors * scales).astype(np.float32),
        own_mm=own,
        names=tuple(one.name for one in crowd),
        depth_std=predicted[..., 6] if spec.has_std else None,
    )


def _second_pass(network: AllCuts, group: list[Person], outputs: Array, spec: ModelSpec) -> None:
    """Predict those who lean again, upright; the result is in their first crops' coordinates."""
    leans = [lean_rad(pose[:, :2]) for pose in outputs[-1]]
    again = [n for n, lean in enumerate(leans) if abs(lean) > LEANING_RAD]
    if not again:
        return
    size = spec.input_size
    crops = [
        crop_person(Frame(group[n].image, 0, 0.0), Box(0, 0, size, size, angle_rad=leans[n]), size)
        for n in again
    ]
    predicted = network(to_tensor(crops, spec)).copy()
    for row, crop in enumerate(crops):
        turn, shift = crop.frame_from_crop[:, :2], crop.frame_from_crop[:, 2]
        predicted[:, row, :, :2] = predicted[:, row, :, :2] @ turn.T + shift / size
    outputs[:, again] = predicted


def _prior_mm(person: Person, spec: ModelSpec) -> float:
    return focal_px(person.camera) * spec.crop_side_mm / person.image.shape[0]


def _lifted(predicted: Array, crowd: list[Person], depths_mm: NDArray, spec: ModelSpec) -> Array:
    """(cuts, N, J, C) of the cube -> (cuts, N, J, 3) mm at those root depths (cuts, N)."""
    return np.array(
        [[_millimetres(pose, one, float(depth), spec)
          for one, pose, depth in zip(crowd, row, depths, strict=True)]
         for row, depths in zip(predicted, depths_mm, strict=True)], np.float32
    )  # fmt: skip


def _whole(image: Image) -> Crop:
    return Crop(image, np.array([[1, 0, 0], [0, 1, 0]], np.float32))


def _millimetres(
    pose: Array, person: Person, root_mm: float, spec: ModelSpec
) -> NDArray[np.float64]:
    """pose (J, 4) -> (J, 3) camera mm, its root at that depth."""
    side_px = person.image.shape[0]
    scale = root_mm / _prior_mm(person, spec)
    depth_mm = root_mm + depth_from_root(pose[:, :3], spec)[:, 0] * scale
    return back_project(pose[:, :2] * side_px, np.maximum(depth_mm, 50.0), person.camera)
