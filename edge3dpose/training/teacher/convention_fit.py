"""Renders seen by the teacher -> the convention map."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge3dpose import paths
from edge3dpose.errors import BadInput
from edge3dpose.training.synthesis.dataset import Synthesizer, SyntheticSample
from edge3dpose.training.teacher import blazepose as teacher
from edge3dpose.training.teacher import convention
from edge3dpose.types import Box, ModelSpec

FIRST_SEED = 60_000_000  # far from those that training draws
RIGHT = 0.25  # of the torso, median distance of the shared joints: the teacher saw the person


def fit_on_renders(assets: Path, model: Path, spec: ModelSpec, count: int) -> None:
    """Fit the map on ``count`` renders of the training split and store it in the package."""
    look = teacher.open_teacher(model)
    renders = Synthesizer(assets, "train", spec.input_size, widen=False)
    try:
        samples = (renders.sample(FIRST_SEED + k) for k in range(count))
        marks, joints, counted = _pairs(look, samples)
    finally:
        renders.close()
    if len(marks) < 100:
        raise BadInput(f"the teacher saw {len(marks)} of {count} renders: too few to fit a map")
    held = len(marks) // 5
    weights = convention.fit(marks[held:], joints[held:], counted[held:], spec.skeleton.mirror)
    residual = np.linalg.norm(weights @ marks[:held] - joints[:held], axis=-1)
    names = spec.skeleton.joints
    facts = {
        "teacher_sha256": paths.sha256_of(model),
        "assets_sha256": paths.sha256_of(assets),
        "renders": count,
        "seen": len(marks),
        "median_residual_px": {
            name: round(float(np.median(residual[counted[:held, j], j])), 2)
            for j, name in enumerate(names)
        },
    }
    convention.save(weights, facts)


def _pairs(
    look: teacher.Look, samples: Iterable[SyntheticSample]
) -> tuple[NDArray, NDArray, NDArray]:
    marks, joints, counted = [], [], []
    shared = list(teacher.LANDMARK_OF_JOINT)
    for sample in samples:
        size = float(sample.side_px)
        seen = teacher.settle(look, np.asarray(sample.image), Box(0, 0, size, size))
        if seen is None or not sample.inside.all():
            continue
        true = sample.uvz[:, :2] * size
        apart = np.linalg.norm(seen.joints()[0][shared] - true[shared], axis=1)
        torso = np.linalg.norm(true[[11, 14]].mean(0) - true[[1, 4]].mean(0))
        if np.median(apart) < RIGHT * torso:
            marks.append(seen.pixels)
            joints.append(true)
            counted.append(sample.visible)
    return np.array(marks), np.array(joints), np.array(counted, bool)
