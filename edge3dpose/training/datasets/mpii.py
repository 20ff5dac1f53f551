"""MPII Human Pose (Andriluka et al., CVPR 2014), 2D alone: the original file, or JSON lists.

The original mpii_human_pose_v1_u12_1.mat labels the training pictures alone and lies beside
images/. The lists of pose toolboxes are annot/train.json and annot/valid.json under the root: a
list of people with image, joints (16, 2) and joints_vis (16,); the pictures lie in images/.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge3dpose import bounded_json, input_files
from edge3dpose.errors import BadInput
from edge3dpose.records import from_json
from edge3dpose.training.data import mpii_mat
from edge3dpose.training.data.labelled_picture import LabelledPicture

TEST_EVERY = 1
FILES = {"train": ("train",), "test": ("valid",), "all": ("train", "valid")}

# MPII's joint for each of H36M17, -1 where it has none. Its upper neck lies above the base of the
# neck that H36M17 calls thorax and below the nose that it calls neck: it is neither.
ORDER = (6, 2, 1, 0, 3, 4, 5, -1, 7, -1, 9, 13, 14, 15, 12, 11, 10)


MOST_BYTES = 256 << 20  # of a list


@dataclass(frozen=True)
class _Person:
    image: str
    joints: tuple[tuple[float, float], ...]
    joints_vis: tuple[float, ...]


@dataclass(frozen=True)
class _People:
    people: tuple[_Person, ...]


def open_dataset(root: Path, split: str) -> Iterator[LabelledPicture]:
    """People of a split; BadInput where a list is missing or another form."""
    if root.suffix == ".mat":
        if split == "test":
            raise BadInput(f"{root} labels no test pictures; --split train, or the JSON lists")
        yield from mpii_mat.people(root, ORDER)
        return
    for name in FILES[split]:
        file = root / "annot" / f"{name}.json"
        people = bounded_json.parse(input_files.read(file, MOST_BYTES), str(file))
        listed = from_json(_People, {"people": people}, str(file))
        for person in listed.people:
            yield _labelled(root / "images", person, f"{file}: ")


def _labelled(images: Path, person: _Person, where: str) -> LabelledPicture:
    if len(person.joints) != 16 or len(person.joints_vis) != 16:
        raise BadInput(f"{where}{person.image[:100]} has {len(person.joints)} joints, wanted 16")
    there = np.array(ORDER) >= 0
    # Matlab counts pixels from 1 at their centres; here 0.5 is the first one's centre.
    joints = np.asarray(person.joints, float)[list(ORDER)] - 0.5
    visible = np.asarray(person.joints_vis, float)[list(ORDER)] > 0
    return LabelledPicture(
        image=input_files.below(images, person.image, where),
        pixels=joints,
        known=there & visible,
        joints_mm=None,
        camera=None,
        subject="",
        frame=0,
    )
