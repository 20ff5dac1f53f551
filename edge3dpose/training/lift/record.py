"""Records what networks say of rendered sequences, beside the truth: files of many sequences.

Arrays of a file (B sequences, T frames, C columns = model and cut):
outputs     (B, T, C, 17, 4) float16: u, v, z, score of the crop
columns     (C,) such as "sspnet-lite/7"
truth_mm    (B, T, 17, 3) float32 from the camera, axes of the frame's camera
focal_px    (B, T) float32 of the crop; centre_px (B, T, 2); side_px
to_frame    (B, T, 3, 3) float32 turns the crop's axes into the frame's
fps         frames a second
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge3dpose import models, storage
from edge3dpose.runtime.all_heads import open_heads
from edge3dpose.runtime.preprocess import to_tensor
from edge3dpose.training.synthesis.assets import Split, load_assets
from edge3dpose.training.synthesis.sequences import SequenceFrame, SequenceSynthesizer
from edge3dpose.types import Crop

SCHEMA = "edge3dpose.sequences/1"
CUTS = {"sspnet-lite": (3, 7, 11)}
MORE_CUTS = {  # of every fourth pair
    "sspnet-lite": (3, 7, 11, 16, 24),
    "sspnet-mid": (7,),
    "hemlets-edge": (1,),
}
RATES_FPS = (30.0, 15.0)  # of one pair of files and the next
FRAMES = 48
PER_FILE = 16  # sequences
BATCH = 4  # crops in one call of a network
SIDE_PX = 256.0


class Networks:
    """Some cuts of some models, on the crops of one size."""

    def __init__(self, cuts: Mapping[str, tuple[int, ...]]) -> None:
        self._open = [
            (models.find(name), open_heads(models.open_weights(models.find(name)), some, threads=1))
            for name, some in cuts.items()
        ]
        self.columns = tuple(f"{name}/{cut}" for name, some in cuts.items() for cut in some)

    def __call__(self, crops: list[Crop]) -> NDArray[np.float16]:
        """N crops -> (N, C, 17, 4)."""
        rows: list[NDArray] = []
        for spec, call in self._open:
            rows += [cut[..., :4].astype(np.float16) for cut in call(to_tensor(crops, spec))]
        return np.stack(rows, 1)


def record(
    assets: Path, out: Path, split: Split, first: int, files: int, every: int = 1
) -> Iterator[Path]:
    """Write the files number first, first + every, ... that are not there; gives each one."""
    loaded = load_assets(assets, split)
    few, many = Networks(CUTS), Networks(MORE_CUTS)
    people = {fps: SequenceSynthesizer(loaded, split, fps=fps) for fps in RATES_FPS}
    for number in range(first, first + files * every, every):
        path = out / f"{split}-{number:05d}.npz"
        if not path.exists():
            pair = number // 2
            fps = RATES_FPS[pair % len(RATES_FPS)]
            _record_file(people[fps], many if pair % 4 == 0 else few, number, path)
        yield path


def _record_file(people: SequenceSynthesizer, networks: Networks, number: int, path: Path) -> None:
    seeds = range(number * PER_FILE, (number + 1) * PER_FILE)
    rows = [_sequence(list(people.frames(seed, FRAMES)), networks) for seed in seeds]
    names = ("outputs", "truth_mm", "focal_px", "centre_px", "to_frame")
    arrays = dict(zip(names, (np.stack(column) for column in zip(*rows, strict=True)), strict=True))
    facts = {"schema": SCHEMA, "columns": networks.columns, "fps": people.fps, "side_px": SIDE_PX}
    path.parent.mkdir(parents=True, exist_ok=True)
    with storage.writing(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **facts, **arrays)  # type: ignore[arg-type]


def _sequence(frames: list[SequenceFrame], networks: Networks) -> tuple[NDArray, ...]:
    whole = np.eye(2, 3, dtype=np.float32)  # a crop that is all of its picture
    crops = [Crop(frame.image, whole) for frame in frames]
    outputs = [networks(crops[at : at + BATCH]) for at in range(0, len(crops), BATCH)]
    return (
        np.concatenate(outputs),
        np.stack([frame.joints_mm for frame in frames]).astype(np.float32),
        np.array([frame.crop.focal_px for frame in frames], np.float32),
        np.array([frame.crop.centre_px for frame in frames], np.float32),
        np.stack([f.frame.rotation @ f.crop.rotation.T for f in frames]).astype(np.float32),
    )
