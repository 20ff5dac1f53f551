"""People with 2D joints and the polarity of their bones (which end is nearer), in an npz.

imgname (F,)       names of pictures beside the file
part (F, 17, 3)    joints of h36m17: frame pixels and a flag, above 0 where it is labelled
polarity (F, 14)   of training.data.labelled_picture.PARTS: 1 the child is nearer than its parent,
                   0 level, -1 behind; NaN where it is not labelled

hemlets and hemlets-edge learn depth from the polarity; other networks learn the 2D alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from edge3dpose.errors import BadInput
from edge3dpose.training.data.labelled_picture import PARTS, LabelledPicture
from edge3dpose.training.data.npz_labels import read_arrays

TEST_EVERY = 1


def open_dataset(root: Path, split: str) -> Iterator[LabelledPicture]:
    """All of its people, whatever the split; BadInput where it is another file."""
    names, joints, signs = read_arrays(root, "polarity")
    wanted = (len(names), 17, 3), (len(names), len(PARTS))
    if (joints.shape, signs.shape) != wanted:
        raise BadInput(
            f"{root}: part {joints.shape} and polarity {signs.shape}, "
            f"wanted {wanted[0]} and {wanted[1]}"
        )
    if not np.isin(signs[~np.isnan(signs)], (-1, 0, 1)).all():
        raise BadInput(f"{root}: a polarity is -1, 0, 1 or NaN")
    for name, person, bones in zip(names, joints, signs, strict=True):
        yield LabelledPicture(
            image=root.parent / name,
            pixels=person[:, :2],
            known=person[:, 2] > 0,
            joints_mm=None,
            camera=None,
            subject="",
            frame=0,
            bones=bones,
        )
