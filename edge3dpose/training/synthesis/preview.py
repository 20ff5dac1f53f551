"""A contact sheet of samples with their joints drawn, to check before training."""

from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge3dpose import storage
from edge3dpose.errors import BadInput
from edge3dpose.skeletons import H36M17
from edge3dpose.training.synthesis.assets import Split
from edge3dpose.training.synthesis.synthesizer import RenderSettings, Synthesizer, SyntheticSample

LEFT, RIGHT, MIDDLE = (255, 128, 0), (0, 0, 255), (0, 220, 0)  # BGR


def contact_sheet(
    assets: Path,
    count: int,
    out: Path,
    *,
    size: int = 256,
    split: Split = "train",
    settings: RenderSettings | None = None,
) -> float:
    """Write the first samples as one picture (PNG or JPEG by the name).

    gives  rendered pictures a second, by this one process
    """
    if not cv2.haveImageWriter(str(out)):
        raise BadInput(f"{out}: pictures are written by their ending; wanted .png or .jpg")
    people = Synthesizer(assets, split, size, settings)
    try:
        people.sample(0)  # opens the renderer
        start_s = time.monotonic()
        samples = [people.sample(seed) for seed in range(count)]
        seconds = time.monotonic() - start_s
    finally:
        people.close()
    image = tiled([draw(sample) for sample in samples])
    with storage.writing(out) as temporary:
        if not cv2.imwrite(str(temporary), image):
            raise BadInput(f"{out}: cannot be written; wanted a path in a folder of yours")
    return count / seconds


def draw(sample: SyntheticSample) -> NDArray[np.uint8]:
    """The image with bones (left blue, right red) and joints, hollow where not visible."""
    image = sample.image.copy()
    at = np.clip(sample.uvz[:, :2] * sample.side_px, -4000, 4000)
    for joint, parent in enumerate(H36M17.parents):
        if parent >= 0:
            cv2.line(image, _point(at[parent]), _point(at[joint]), _side(joint), 1, cv2.LINE_AA)
    for joint, point in enumerate(at):
        filled = -1 if sample.visible[joint] else 1
        cv2.circle(image, _point(point), 3, _side(joint), filled, cv2.LINE_AA)
    return image


def tiled(images: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Pictures of one size in rows, about 4:3."""
    columns = max(1, round(np.sqrt(len(images) * 4 / 3)))
    blank = np.zeros_like(images[0])
    padded = images + [blank] * (-len(images) % columns)
    rows = [np.hstack(padded[i : i + columns]) for i in range(0, len(padded), columns)]
    return np.vstack(rows)


def _point(pixel: NDArray) -> tuple[int, int]:
    return int(pixel[0]), int(pixel[1])


def _side(joint: int) -> tuple[int, int, int]:
    name = H36M17.joints[joint]
    return LEFT if name.startswith("left") else RIGHT if name.startswith("right") else MIDDLE
