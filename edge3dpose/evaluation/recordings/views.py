"""One person seen by calibrated cameras: an npz with the videos beside it (docs/formats.md)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge3dpose.errors import BadInput
from edge3dpose.evaluation.recordings import Motion, Recording
from edge3dpose.evaluation.recordings._arrays import Arrays
from edge3dpose.types import Camera

PROTOCOL = (
    "real people before calibrated cameras, through the whole pipeline with the camera given; "
    "matched by time"
)


def open_recordings(root: Path) -> list[Recording]:
    """The views of a file, in its order."""
    if not root.is_file():
        raise BadInput(f"no file {root}; wanted an npz of calibrated views")
    arrays = Arrays(root)
    names = arrays.joint_names()
    world = arrays.motion("", len(names))
    videos = arrays.texts("videos")
    if not videos or len(set(videos)) < len(videos):
        raise BadInput(f"{root}: videos names {len(videos)} files, wanted one or more, each once")
    offsets = _offsets(arrays, len(videos))
    return [
        Recording(
            Path(video).stem,
            _video(root, video),
            names,
            _seen_from(arrays, view, len(videos), world),
            _camera(arrays, view, len(videos)),
            None if np.isnan(offsets[view]) else float(offsets[view]),
        )
        for view, video in enumerate(videos)
    ]


def _video(root: Path, name: str) -> Path:
    file = root.parent / name
    if Path(name).name != name or not file.is_file():
        raise BadInput(f"{root} has no video {name} beside it")
    return file


def _offsets(arrays: Arrays, views: int) -> np.ndarray:
    """Of each view; NaN where it is to be searched for."""
    if "time_offset_s" not in arrays:
        return np.full(views, np.nan)
    return arrays.numbers("time_offset_s", views)


def _seen_from(arrays: Arrays, view: int, views: int, world: Motion) -> Motion:
    """The motion in the axes of a view's camera."""
    rotation = arrays.numbers("R", views, 3, 3)[view]
    t_mm = arrays.numbers("t_mm", views, 3)[view]
    if not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-3) or not np.isfinite(t_mm).all():
        raise BadInput(f"{arrays.file}: R and t_mm of view {view} are no camera's place")
    return Motion(world.time_s, world.joints_mm @ rotation.T + t_mm)


def _camera(arrays: Arrays, view: int, views: int) -> Camera:
    """OpenCV counts pixels from their centres, we from their corners."""
    matrix = arrays.numbers("K", views, 3, 3)[view]
    lens = arrays.numbers("distortion", views, None)[view]
    if not (matrix[[0, 1], [0, 1]] > 0).all() or not np.isfinite(matrix).all():
        raise BadInput(f"{arrays.file}: K of view {view} is no camera matrix")
    if len(lens) not in (0, 4, 5) or not np.isfinite(lens).all():
        raise BadInput(f"{arrays.file}: distortion has {len(lens)} numbers, wanted 0, 4 or 5")
    return Camera(
        (float(matrix[0, 0]), float(matrix[1, 1])),
        (float(matrix[0, 2]) + 0.5, float(matrix[1, 2]) + 0.5),
        tuple(float(value) for value in lens),
    )
