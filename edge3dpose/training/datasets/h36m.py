"""Human3.6M: 17 joints in the order of skeletons.H36M17.

Either an npz of a pose toolbox (imgname, part, S) with the pictures beside it, or the folder
``annotations`` of JSON files (Human36M_subject9_data.json, ..._camera.json, ..._joint_3d.json)
with the pictures in ``images``. Ionescu et al., PAMI 2014; the split is protocol 1 of the field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge3dpose import input_files, storage
from edge3dpose.camera import project
from edge3dpose.errors import BadInput
from edge3dpose.records import Coordinate, FocalPx, Pixel, from_json
from edge3dpose.training.data.labelled_picture import LabelledPicture
from edge3dpose.training.data.npz_labels import read_npz
from edge3dpose.types import Camera

SUBJECTS = {"train": ("1", "5", "6", "7", "8"), "test": ("9", "11")}
TEST_EVERY = 64  # frames: the protocol's sampling of the test videos

LARGEST = 1e9  # millimetres of a joint or a camera
MOST_BYTES = 2 << 30  # of a JSON file: a subject has some hundred million

_Row = tuple[Coordinate, Coordinate, Coordinate]


@dataclass(frozen=True)
class _Picture:
    file_name: str
    action_idx: int
    subaction_idx: int
    frame_idx: int
    cam_idx: int


@dataclass(frozen=True)
class _Pictures:
    images: tuple[_Picture, ...]


@dataclass(frozen=True)
class _Lens:
    f: tuple[FocalPx, FocalPx]
    c: tuple[Pixel, Pixel]
    R: tuple[_Row, _Row, _Row]
    t: tuple[Any, ...]  # of numbers, or of lists of one


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
        pictures = from_json(_Pictures, _read(file := folder / f"{stem}_data.json"), str(file))
        lenses = _read(file := folder / f"{stem}_camera.json")
        try:
            cameras = {k: _camera(from_json(_Lens, c, f"{file}: {k}")) for k, c in lenses.items()}
        except (ValueError, TypeError) as error:
            raise BadInput(f"{file} has no cameras: {error}") from None
        joints = _read(file := folder / f"{stem}_joint_3d.json")
        for picture in pictures.images:
            yield _labelled(root / "images", picture, cameras, (file, joints), subject)


def _labelled(
    images: Path,
    picture: _Picture,
    cameras: dict[str, tuple[Camera, np.ndarray, np.ndarray]],
    labels: tuple[Path, dict[str, Any]],
    subject: str,
) -> LabelledPicture:
    file, world = labels
    for key in (picture.action_idx, picture.subaction_idx, picture.frame_idx):
        world = world.get(str(key), {}) if isinstance(world, dict) else {}
    try:
        joints = np.asarray(world, float).reshape(17, 3)
        if not (np.abs(joints) < LARGEST).all():
            raise ValueError("a joint that is nowhere")
        camera, rotation, shift_mm = cameras[str(picture.cam_idx)]
    except (KeyError, TypeError, ValueError):
        raise BadInput(
            f"{file} has no 17 joints, or no camera, for {picture.file_name[:100]}"
        ) from None
    joints_mm = joints @ rotation.T + shift_mm
    return LabelledPicture(
        image=input_files.below(images, picture.file_name, f"{file.parent}: "),
        pixels=project(joints_mm, camera),
        known=np.ones(len(joints_mm), bool),
        joints_mm=joints_mm,
        camera=camera,
        subject=subject,
        frame=picture.frame_idx,
    )


def _camera(lens: _Lens) -> tuple[Camera, np.ndarray, np.ndarray]:
    shift = np.asarray(lens.t, float).ravel()
    if shift.size != 3 or not (np.abs(shift) < LARGEST).all():
        raise ValueError("a camera's t is no three numbers")
    return Camera(lens.f, lens.c), np.asarray(lens.R, float), shift


def _read(file: Path) -> dict[str, Any]:
    return storage.read_json(file, MOST_BYTES)
