"""The npz format of pose toolboxes for pre-processed data sets: imgname, part, S.

part (F, J, 3) is pixels and a flag, S (F, J, 4) metres from the camera and a flag. The file has no
camera: a lens is fitted to the labels for each name that ``camera_of`` gives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge3dpose import plain_arrays
from edge3dpose.errors import BadInput
from edge3dpose.training.data.labelled_picture import LabelledPicture
from edge3dpose.training.data.lens_fit import fit_lens
from edge3dpose.types import Camera

MM = 1000.0  # a metre
LARGEST = 1e9  # number of a label
FIT_FRAMES = 200  # of a camera; more frames give the same lens


def read_npz(
    file: Path,
    *,
    order: tuple[int, ...],
    camera_of: Callable[[str], str],
    subject_of: Callable[[str], str],
    frame_of: Callable[[str], int],
) -> Iterator[LabelledPicture]:
    """The people of a file; BadInput where it is another file.

    order  the file's joint for each of H36M17
    """
    names, pixels, metres = _opened(file, len(order))
    pixels, metres = pixels[:, order], metres[:, order]
    cameras = _lenses([camera_of(name) for name in names], pixels, metres)
    for name, seen, space in zip(names, pixels, metres, strict=True):
        yield LabelledPicture(
            image=file.parent / name,
            pixels=seen[:, :2],
            known=(seen[:, 2] > 0) & (space[:, 3] > 0),
            joints_mm=space[:, :3] * MM,
            camera=cameras[camera_of(name)],
            subject=subject_of(name),
            frame=frame_of(name),
        )


def read_arrays(file: Path, other: str) -> tuple[list[str], NDArray, NDArray]:
    """imgname, part and another array of an npz; never a pickle. BadInput where one is missing."""
    content = plain_arrays.read_npz(file, ("imgname", "part", other))
    for name in ("imgname", "part", other):
        if name not in content:
            raise BadInput(f"{file} has no {name!r}; wanted imgname, part and {other}")
    listed, part, more = content["imgname"], content["part"], content[other]
    if listed.ndim != 1 or listed.dtype.kind not in "US":
        raise BadInput(f"{file}: imgname is {listed.dtype} {listed.shape}, wanted texts (F,)")
    for name, found in (("part", part), (other, more)):
        if found.dtype.kind not in "fiu":
            raise BadInput(f"{file}: {name} is {found.dtype}, wanted numbers")
        if (np.abs(found, where=np.isfinite(found), out=np.zeros(found.shape)) > LARGEST).any():
            raise BadInput(f"{file}: {name} has numbers that no label has")
    names = [_text(name) for name in listed.tolist()]
    for name in names:
        plain_arrays.inside(file, name)
    return names, part.astype(np.float64), more.astype(np.float64)


def _text(name: str | bytes) -> str:
    return name if isinstance(name, str) else name.decode("utf-8", "replace")


def _opened(file: Path, joints: int) -> tuple[list[str], NDArray, NDArray]:
    names, pixels, metres = read_arrays(file, "S")
    if pixels.shape != (len(names), joints, 3) or metres.shape != (len(names), joints, 4):
        raise BadInput(
            f"{file}: part {pixels.shape} and S {metres.shape}, "
            f"wanted ({len(names)}, {joints}, 3) and ({len(names)}, {joints}, 4)"
        )
    return names, pixels, metres


def _lenses(cameras: list[str], pixels: NDArray, metres: NDArray) -> dict[str, Camera]:
    found = {}
    for camera in sorted(set(cameras)):
        rows = np.flatnonzero([name == camera for name in cameras])
        rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), FIT_FRAMES)).astype(int)]
        seen, space = pixels[rows].reshape(-1, 3), metres[rows].reshape(-1, 4)
        good = (seen[:, 2] > 0) & (space[:, 3] > 0) & (space[:, 2] > 0)
        found[camera], _ = fit_lens(space[good, :3], seen[good, :2])
    return found
