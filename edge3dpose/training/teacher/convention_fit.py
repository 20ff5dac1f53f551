"""Fits the convention map on renders: the teacher's landmarks in them -> their true joints."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge3dpose import paths
from edge3dpose.engine_types import ModelSpec
from edge3dpose.errors import BadInput
from edge3dpose.training.synthesis.synthesizer import (
    RenderSettings,
    Synthesizer,
    SyntheticSample,
)
from edge3dpose.training.teacher import blazepose, convention
from edge3dpose.training.teacher.blazepose import Teacher
from edge3dpose.types import Box

FIRST_SEED = 60_000_000  # far from those that training draws
NEAR = 0.25  # of the torso: greatest median distance of the shared joints


def fit_on_renders(assets: Path, model: Path, spec: ModelSpec, count: int) -> Path:
    """Fit the map on ``count`` renders of the training split; gives the package's file of it."""
    teacher = blazepose.open_teacher(model)
    settings = RenderSettings(widen=False)
    renders = Synthesizer(assets, "train", spec.input_size, settings)
    try:
        samples = (renders.sample(FIRST_SEED + k) for k in range(count))
        marks, joints, counted = _pairs(teacher, samples)
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
    return convention.FILE


def _pairs(
    teacher: Teacher, samples: Iterable[SyntheticSample]
) -> tuple[NDArray, NDArray, NDArray]:
    """Landmarks (N, 33, 2), joints (N, 17, 2), visible (N, 17) where the teacher is near."""
    marks, joints, counted = [], [], []
    shared = list(blazepose.LANDMARK_OF_JOINT)
    for sample in samples:
        size = float(sample.side_px)
        box = Box(0, 0, size, size)
        found = blazepose.landmarks_in_box(teacher, np.asarray(sample.image), box)
        if found is None or not sample.inside.all():
            continue
        true = sample.uvz[:, :2] * size
        apart = np.linalg.norm(found.joints()[0][shared] - true[shared], axis=1)
        torso = np.linalg.norm(true[[11, 14]].mean(0) - true[[1, 4]].mean(0))
        if np.median(apart) < NEAR * torso:
            marks.append(found.pixels)
            joints.append(true)
            counted.append(sample.visible)
    return np.array(marks), np.array(joints), np.array(counted, bool)
