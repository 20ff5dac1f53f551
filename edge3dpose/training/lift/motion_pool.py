"""Captured and keyed motion before virtual cameras: what the lift learns movement from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge3dpose import plain_arrays, storage
from edge3dpose.errors import BadInput
from edge3dpose.training.synthesis.assets import Assets, Split, load_assets
from edge3dpose.training.synthesis.movement import draw_movement
from edge3dpose.training.synthesis.outfits import Outfits
from edge3dpose.training.synthesis.sequences import body_path_m, draw_cameras
from edge3dpose.training.synthesis.synthesizer import SPLITS

FRAMES, FPS = 96, 30.0


def draw_pool(assets: Path, split: Split, count: int, seed: int = 0) -> NDArray[np.float32]:
    """(count, FRAMES, 17, 3) joints in mm from a camera, at FPS frames a second."""
    loaded = load_assets(assets, split)
    outfits = Outfits(loaded)
    pool = np.empty((count, FRAMES, 17, 3), np.float32)
    for n in range(count):
        rng = np.random.default_rng([seed, n, SPLITS[split], 11])
        pool[n] = _sequence(rng, loaded, outfits)
    return pool


def _sequence(rng: np.random.Generator, assets: Assets, outfits: Outfits) -> NDArray[np.float64]:
    person = assets.people[rng.integers(len(assets.people))]
    moved = draw_movement(rng, assets.clips, FRAMES, FPS)
    joints = outfits.rig(person).joints_over_time(moved.segments)
    cameras = draw_cameras(rng, 256, body_path_m(joints[0], moved), FPS)
    turns = np.stack([camera.rotation for camera in cameras])
    roots = np.stack([camera.translation_m for camera in cameras])
    return (np.einsum("tij,tkj->tki", turns, joints) + roots[:, None]) * 1000


def open_pool(file: Path, assets: Path, split: Split, count: int) -> NDArray[np.float32]:
    """The pool of a file, which is drawn and written where it is missing."""
    if not file.exists():
        pool = draw_pool(assets, split, count)
        with storage.writing(file) as temporary, open(temporary, "wb") as stream:
            np.save(stream, pool)
    found = plain_arrays.open_npy(file)
    if found.dtype != np.float32 or found.shape[1:] != (FRAMES, 17, 3) or not len(found):
        raise BadInput(f"{file} is no pool of motion: {found.dtype} {found.shape}")
    return found
