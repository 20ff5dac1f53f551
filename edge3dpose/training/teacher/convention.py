"""The convention map: MediaPipe's 33 landmarks -> our 17 joints, linear, fitted on renders.

Each joint is a weighted sum of landmarks whose weights add up to one, so that the same map serves
in pixels and in millimetres. It corrects hips and shoulders, which MediaPipe defines a little
differently, and gives spine, thorax, neck and head top, which MediaPipe does not have.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edge3dpose import storage
from edge3dpose.errors import BadInput
from edge3dpose.records import from_json

FILE = Path(__file__).with_name("convention.json")
SCHEMA = "edge3dpose.convention/1"
HIPS = (23, 24)  # of the landmarks: what a pose is centred on while fitting
RIDGE = 1e-3  # of the landmarks' variance

# Landmarks of the left side and of the right one: nose, eyes, ears, mouth, arms, hands, legs, feet
_LEFT = (1, 2, 3, 7, 9, *range(11, 33, 2))
_RIGHT = (4, 5, 6, 8, 10, *range(12, 33, 2))


@dataclass(frozen=True)
class _Map:
    weights: tuple[tuple[float, ...], ...]


def fit(
    landmarks: ArrayLike, joints: ArrayLike, counted: ArrayLike, mirror: tuple[int, ...]
) -> NDArray[np.float64]:
    """The weights (17, 33), the same for a person and for the mirror image.

    landmarks  (N, 33, 2) and joints (N, 17, 2): the same people in the same pixels
    counted    (N, 17) joints that take part
    """
    marks, true = np.asarray(landmarks, float), np.asarray(joints, float)
    size = np.linalg.norm(marks - marks.mean(1, keepdims=True), axis=-1).mean(1)[:, None, None]
    centre = marks[:, HIPS, :].mean(axis=1, keepdims=True)
    marks, true = (marks - centre) / size, (true - centre) / size
    seen = np.asarray(counted, bool)
    flip = np.array([-1.0, 1.0])
    marks = np.concatenate([marks, (marks * flip)[:, mirrored_landmarks()]])
    true = np.concatenate([true, (true * flip)[:, mirror]])
    seen = np.concatenate([seen, seen[:, mirror]])
    weights = np.stack([_one(marks[s], true[s, j]) for j, s in enumerate(seen.T)])
    weights[:, HIPS] += (1 - weights.sum(axis=1, keepdims=True)) / 2
    return weights


def mirrored_landmarks() -> NDArray[np.intp]:
    """(33,) the landmark of the other side for each landmark."""
    order = np.arange(33)
    order[[*_LEFT, *_RIGHT]] = [*_RIGHT, *_LEFT]
    return order


def save(weights: NDArray, facts: dict, file: Path = FILE) -> None:
    """Write the map with what it was fitted on."""
    rows = [[round(float(w), 4) for w in row] for row in weights]
    lines = json.dumps({"schema": SCHEMA, **facts, "weights": rows})
    storage.write_text(file, lines.replace("], [", "],\n[") + "\n")


def load(file: Path = FILE) -> NDArray[np.float64]:
    """The weights (17, 33)."""
    try:
        found = from_json(_Map, storage.load_json(file, SCHEMA), str(file))
        weights = np.array(found.weights, float)
    except (BadInput, ValueError) as error:
        raise BadInput(f"{file} is no convention map: {error}") from None
    sums = weights.sum(axis=1) if weights.shape == (17, 33) else np.zeros(1)
    if (np.abs(sums - 1) > 0.01).any():
        raise BadInput(f"{file} is no convention map: wanted 17 rows of 33 weights that add to 1")
    return weights / weights.sum(axis=1, keepdims=True)  # they were rounded


@functools.cache
def shipped() -> NDArray[np.float64]:
    """The package's own map, read once; not to be changed."""
    return load()


def _one(marks: NDArray, true: NDArray) -> NDArray[np.float64]:
    """marks (N, 33, 2), true (N, 2) -> weights (33,)."""
    a, b = marks.transpose(0, 2, 1).reshape(-1, marks.shape[1]), true.reshape(-1)
    normal = a.T @ a
    return np.linalg.solve(normal + RIDGE * normal.trace() * np.eye(len(normal)) / 33, a.T @ b)
