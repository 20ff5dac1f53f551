"""The teacher's 2D of a clip as a JSON file, so that a clip can be scored without the teacher.

Schema edge3dpose.labels/1: which clip and which teacher by hash, then a row a frame: null where the
teacher sees nobody, else a list of [x_px, y_px, visibility] or null for each joint of h36m17.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from edge3dpose import storage
from edge3dpose.errors import BadInput, EngineMismatch
from edge3dpose.evaluation.accuracy import Label
from edge3dpose.types import Array

SCHEMA = "edge3dpose.labels/1"
SURE = 0.5  # visibility from which on a joint is scored

Row = tuple[Array, Array] | None  # pixels (J, 2), NaN where unknown, and visibility (J,)


def write(path: Path, rows: list[Row], *, clip_sha256: str, teacher: str) -> None:
    """Write the labels of a clip, whole or not at all."""
    content = {
        "schema": SCHEMA,
        "clip_sha256": clip_sha256,
        "teacher": teacher,
        "frames": [_plain(row) for row in rows],
    }
    lines = json.dumps(content).replace("]], ", "]],\n").replace('"frames": ', '"frames":\n')
    storage.write_text(path, lines + "\n")


def read(path: Path, clip_sha256: str) -> list[Label | None]:
    """The labels of a clip; EngineMismatch where they are another clip's."""
    if not path.is_file():
        raise BadInput(
            f"no labels at {path}; make them with the teacher: pass --teacher "
            "pose_landmark_heavy.tflite as well"
        )
    content = storage.load_json(path, SCHEMA)
    if content["clip_sha256"] != clip_sha256:
        raise EngineMismatch(
            f"{path} labels the clip {content['clip_sha256'][:12]}..., this one is "
            f"{clip_sha256[:12]}...; delete it and pass --teacher to label this clip"
        )
    return [_label(row) for row in content["frames"]]


def _plain(row: Row) -> list | None:
    if row is None:
        return None
    pixels, visibility = row
    return [
        None if np.isnan(xy).any() else [*(round(float(v), 1) for v in xy), round(float(s), 3)]
        for xy, s in zip(pixels, visibility, strict=True)
    ]


def _label(row: list | None) -> Label | None:
    if row is None:
        return None
    values = np.array([joint or [0, 0, 0] for joint in row], np.float32)
    return Label(values[:, :2], values[:, 2] >= SURE)
