"""MPI-INF-3DHP (Mehta et al., 3DV 2017): the original folders, or an npz of a pose toolbox.

The npz holds imgname, part and S; its pictures lie beside it, named S1_Seq1_Cam0_000001.jpg or
S1/Seq1/.../frame_000001.jpg. The original folders: see mpi_inf_3dhp_mat.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from edge3dpose.errors import BadInput
from edge3dpose.training.data import mpi_inf_3dhp_mat
from edge3dpose.training.data.labelled_picture import LabelledPicture
from edge3dpose.training.data.npz_labels import read_npz

# The file's joint for each of H36M17
ORDER = (14, 8, 9, 10, 11, 12, 13, 15, 1, 16, 0, 5, 6, 7, 2, 3, 4)
SUBJECTS = {"train": ("1", "2", "3", "4", "5", "6", "7"), "test": ("8",)}
TEST_EVERY = 1

_NAME = re.compile(r"S(\d+)[_/]Seq(\d+)[_/].*?(?:Cam|video_)(\d+)[_/](?:frame_)?(\d+)\.\w+$")


def open_dataset(root: Path, split: str) -> Iterator[LabelledPicture]:
    """Pictures of a split; "all" is everybody.

    "test" is the official test set where its folders are there, else the eighth subject.
    """
    if root.is_dir():
        return _official(root, split)
    if not root.is_file():
        raise BadInput(
            f"no {root}; wanted the folder with S1, S2 ... or an npz with imgname, part and S"
        )
    wanted = SUBJECTS.get(split)
    labels = read_npz(
        root,
        order=ORDER,
        camera_of=lambda name: "{}.{}.{}".format(*_parts(name)),
        subject_of=lambda name: _parts(name)[0],
        frame_of=lambda name: int(_parts(name)[3]) - 1,
    )
    return (one for one in labels if wanted is None or one.subject in wanted)


def _official(root: Path, split: str) -> Iterator[LabelledPicture]:
    if split == "test" and mpi_inf_3dhp_mat.has_test_set(root):
        return mpi_inf_3dhp_mat.test_set(root, ORDER)
    everybody = tuple(name for names in SUBJECTS.values() for name in names)
    return mpi_inf_3dhp_mat.training(root, SUBJECTS.get(split, everybody))


def _parts(name: str) -> tuple[str, str, str, str]:
    found = _NAME.search(name)
    if found is None:
        raise BadInput(f"{name} is no picture of MPI-INF-3DHP: wanted S1_Seq1_Cam0_000001.jpg")
    return found[1], found[2], found[3], found[4]
