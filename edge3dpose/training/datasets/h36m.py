"""Human3.6M: 17 joints in the order of skeletons.H36M17.

Either an npz of a pose toolbox (imgname, part, S) with the pictures beside it, or the folder
``annotations`` of JSON files (Human36M_subject9_data.json, ..._camera.json, ..._joint_3d.json)
with the pictures in ``images``. Ionescu et al., PAMI 2014; the split is protocol 1 of the field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from edge3dpose.camera import project
from edge3dpose.errors import BadInput
from edge3dpose.training.data.labelled_picture import LabelledPicture
from edge3dpose.training.data.npz_labels import read_npz
from edge3dpose.types import Camera

SUBJECTS = {"train": ("1", "5", "6", "7", "8"), "test": ("9", "11")}
TEST_EVERY = 64  # frames: the protocol's sampling of the test videos

_NAME = re.compile(r"S(\d+)_.*\.(\d+)_(\d+)\.\w+$")  # S9_Directions_1.54138969_000001.jpg


def open_dataset(root: Path, split: str) -> Iterator[LabelledPicture]:
    """Pictures of a split; BadInput where root is neither form. split "all" is everybody."""
    wanted = SUBJECTS.get(split)
    if root.is_file():
        labels = read_npz(
            root,
            order=tuple(range(17)),
            camera_of=lambda name: "{}.{}".format(*_parts(name)),
            subject_of=lambda name: _parts(name)[0],
            frame_of=lambda name: int(_parts(name)[2]) - 1,
        )
        return (one for one in labels if wanted is None or one.subject in wanted)
    if (root / "annotations").is_dir():
        return _json(root, wanted)
    raise BadInput(
        f"{root} is neither an npz with imgname, part and S nor a folder with annotations/"
    )


def _parts(name: str) -> tuple[str, str, str]:
    found = _NAME.search(name)
    if found is None:
        raise BadInput(f"{name} is no picture of Human3.6M: wanted S9_Directions.54138969_1.jpg")
    return found[1], found[2], found[3]


def _json(root: Path, wanted: tuple[str, ...] | None) -> Iterator[LabelledPicture]:
    folder = root / "annotations"
    for subject in wanted or tuple(n for names in SUBJECTS.values() for n in names):
        stem = f"Human36M_subject{subject}"
        if not (folder / f"{stem}_data.json").is_file():
            continue
        pictures = _read(folder / f"{stem}_data.json")["images"]
        cameras = {k: _camera(c) for k, c in _read(folder / f"{stem}_camera.json").items()}
        joints = _read(folder / f"{stem}_joint_3d.json")
        for picture in pictures:
            yield _labelled(root / "images", picture, cameras, joints, subject)


def _labelled(
    images: Path,
    picture: dict[str, Any],
    cameras: dict[str, tuple[Camera, np.ndarray, np.ndarray]],
    joints: dict[str, Any],
    subject: str,
) -> LabelledPicture:
    keys = (str(picture[key]) for key in ("action_idx", "subaction_idx", "frame_idx"))
    world: Any = joints
    for key in keys:
        world = world[key]
    camera, rotation, shift_mm = cameras[str(picture["cam_idx"])]
    joints_mm = np.asarray(world, float) @ rotation.T + shift_mm
    return LabelledPicture(
        image=images / picture["file_name"],
        pixels=project(joints_mm, camera),
        known=np.ones(len(joints_mm), bool),
        joints_mm=joints_mm,
        camera=camera,
        subject=subject,
        frame=int(picture["frame_idx"]),
    )


def _camera(numbers: dict[str, Any]) -> tuple[Camera, np.ndarray, np.ndarray]:
    focal, centre = numbers["f"], numbers["c"]
    camera = Camera((focal[0], focal[1]), (centre[0], centre[1]))
    return camera, np.asarray(numbers["R"], float), np.asarray(numbers["t"], float).ravel()


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{file} cannot be read as JSON: {error}") from None
