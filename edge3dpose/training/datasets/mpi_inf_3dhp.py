"""MPI-INF-3DHP (Mehta et al., 3DV 2017): an npz of a pose toolbox (imgname, part, S).

The pictures lie beside the file, named S1_Seq1_Cam0_000001.jpg or S1/Seq1/.../frame_000001.jpg.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from edge3dpose.errors import BadInput
from edge3dpose.training.labelled import Labelled
from edge3dpose.training.npz_labels import read_npz

# Where the file has pelvis, right leg, left leg, spine, neck, head, head top, left arm, right arm
ORDER = (14, 8, 9, 10, 11, 12, 13, 15, 1, 16, 0, 5, 6, 7, 2, 3, 4)
SUBJECTS = {"train": ("1", "2", "3", "4", "5", "6", "7"), "test": ("8",)}
TEST_EVERY = 1

_NAME = re.compile(r"S(\d+)[_/]Seq(\d+)[_/].*?(?:Cam|video_)(\d+)[_/](?:frame_)?(\d+)\.\w+$")


def open_dataset(root: Path, split: str) -> Iterator[Labelled]:
    """Pictures of a split (the eighth subject is held out); "all" is everybody."""
    if not root.is_file():
        raise BadInput(f"no file {root}; wanted an npz with imgname, part and S")
    wanted = SUBJECTS.get(split)
    labels = read_npz(
        root,
        order=ORDER,
        camera_of=lambda name: "{}.{}.{}".format(*_parts(name)),
        subject_of=lambda name: _parts(name)[0],
        frame_of=lambda name: int(_parts(name)[3]) - 1,
    )
    return (one for one in labels if wanted is None or one.subject in wanted)


def _parts(name: str) -> tuple[str, str, str, str]:
    found = _NAME.search(name)
    if found is None:
        raise BadInput(f"{name} is no picture of MPI-INF-3DHP: wanted S1_Seq1_Cam0_000001.jpg")
    return found[1], found[2], found[3], found[4]
