"""Sequences as the lift sees them, and the truth: out of records, and out of motion with noise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge3dpose import plain_arrays
from edge3dpose.errors import BadInput
from edge3dpose.runtime.lift_features import Observation
from edge3dpose.skeletons import H36M17
from edge3dpose.training.lift.record import SCHEMA
from edge3dpose.training.synthesis.camera import CROP_SIDE_MM, Z_RANGE_MM

ROOT = H36M17.root


@dataclass(frozen=True)
class Sequences:
    """B sequences of T frames: what was seen of them, and the truth from the camera."""

    seen: Observation
    truth_mm: NDArray  # (B, T, 17, 3)
    fps: NDArray  # (B,)

    def __len__(self) -> int:
        return len(self.truth_mm)

    def of(self, rows: NDArray) -> Sequences:
        """Some of the sequences."""
        seen = Observation(*(getattr(self.seen, name)[rows] for name in _NAMES))
        return Sequences(seen, self.truth_mm[rows], self.fps[rows])

    def at(self, frames: NDArray) -> Sequences:
        """Some of the frames, in any order; the times between them are set anew elsewhere."""
        seen = Observation(*(getattr(self.seen, name)[:, frames] for name in _NAMES))
        return Sequences(seen, self.truth_mm[:, frames], self.fps)


LARGEST = 1e6
_FORMS: dict[str, plain_arrays.Form] = {  # B sequences of T frames, seen by C cuts of networks
    "columns": ("U", ("C",)),
    "outputs": ("f", ("B", "T", "C", 17, 4)),
    "truth_mm": ("f", ("B", "T", 17, 3)),
    "focal_px": ("f", ("B", "T")),
    "centre_px": ("f", ("B", "T", 2)),
    "to_frame": ("f", ("B", "T", 3, 3)),
    "side_px": ("fi", ()),
    "fps": ("fi", ()),
}
_NAMES = tuple(Observation.__dataclass_fields__)


def read_records(files: Iterable[Path], column: str = "") -> Sequences:
    """All sequences of record files, each recorded column one of its own.

    column  only that one, such as "sspnet-lite/7"
    """
    parts = [part for file in sorted(files) for part in _read_record(file, column)]
    if not parts:
        raise BadInput("no recorded sequences; render some: edge3dpose train-lift --render")
    return joined(parts)


def joined(parts: list[Sequences]) -> Sequences:
    """Sequences of the same length, one after the other."""
    seen = Observation(
        *(np.concatenate([getattr(part.seen, name) for part in parts]) for name in _NAMES)
    )
    truth = np.concatenate([part.truth_mm for part in parts])
    return Sequences(seen, truth, np.concatenate([part.fps for part in parts]))


def _read_record(file: Path, column: str) -> list[Sequences]:
    data = plain_arrays.read_npz(file)
    if str(data.get("schema")) != SCHEMA:
        raise BadInput(f"{file} is no record of sequences ({SCHEMA})")
    plain_arrays.check(file, data, _FORMS)
    for name, (kinds, _) in _FORMS.items():
        if "f" in kinds and not (np.abs(data[name], dtype=float) < LARGEST).all():  # no NaN
            raise BadInput(f"{file}: {name} has numbers that cannot be")
    names = [str(name) for name in data["columns"]]
    outputs, truth = data["outputs"].astype(np.float32), data["truth_mm"]
    focal, centre, turn = data["focal_px"], data["centre_px"], data["to_frame"]
    side, fps = float(data["side_px"]), float(data["fps"])
    if side <= 0 or fps <= 0 or not (focal > 0).all():
        raise BadInput(f"{file}: side_px, fps and focal_px: wanted numbers above 0")
    found = []
    for n, name in enumerate(names):
        if column in ("", name):
            seen = _seen(outputs[:, :, n], focal, centre, turn, side)
            found.append(Sequences(seen, truth, np.full(len(truth), fps, np.float32)))
    return found


def _seen(
    outputs: NDArray, focal: NDArray, centre: NDArray, turn: NDArray, side: float
) -> Observation:
    """Outputs (B, T, 17, 4) of crops -> what runtime.lift makes of them."""
    in_crop = (outputs[..., :2] * side - centre[..., None, :]) / focal[..., None, None]
    rays = np.concatenate([in_crop, np.ones_like(in_crop[..., :1])], -1)
    rays = rays @ np.swapaxes(turn, -1, -2)
    rays = rays[..., :2] / np.maximum(rays[..., 2:], 0.05)
    scale = np.exp(outputs[..., ROOT, 2] - 0.5)
    depth = (outputs[..., 2] - 0.5) * Z_RANGE_MM * scale[..., None]
    depth[..., ROOT] = 0.0
    lead = scale.shape
    return Observation(
        rays=rays.astype(np.float32),
        depth_mm=depth.astype(np.float32),
        score=outputs[..., 3],
        root_mm=(focal * CROP_SIDE_MM * scale / side).astype(np.float32),
        has_depth=np.ones(lead, np.float32),
        assumed=np.zeros(lead, np.float32),
        step_s=np.zeros(lead, np.float32),
    )


SCALE = (0.15, 1.25)  # renders are harder than most footage: a sixth to all of their errors


@dataclass(frozen=True)
class ErrorBank:
    """Errors of networks in the image, over time, at the root's distance: real noise to draw from.

    flat_mm    (B, T, 17, 2), of the rays times the true distance
    root_log   (B, T) of the root's depth, as a logarithm
    score      (B, T, 17)
    """

    flat_mm: NDArray
    root_log: NDArray
    score: NDArray

    @classmethod
    def of(cls, recorded: Sequences) -> ErrorBank:
        """The errors of recorded sequences."""
        truth = recorded.truth_mm
        depth = truth[..., ROOT, 2]
        rays = truth[..., :2] / np.maximum(truth[..., 2:], 50)
        flat = (recorded.seen.rays - rays) * depth[..., None, None]
        return cls(
            np.clip(flat, -800, 800).astype(np.float32),
            np.log(recorded.seen.root_mm / depth).astype(np.float32),
            recorded.seen.score,
        )

    def as_noise(self, noise: str) -> ErrorBank:
        """The errors as they are (recorded), their frames in any order (shuffled), or none."""
        if noise == "recorded":
            return self
        if noise == "none":
            return ErrorBank(self.flat_mm * 0, self.root_log * 0, self.score)
        if noise != "shuffled":
            raise BadInput(f"noise {noise!r}; there is: recorded, shuffled, none")
        rng = np.random.default_rng(0)
        rows, frames = self.root_log.shape
        order = rng.permuted(np.tile(np.arange(frames), (rows, 1)), axis=1)
        at = np.arange(rows)[:, None], order
        return ErrorBank(self.flat_mm[at], self.root_log[at], self.score[at])


def with_errors(
    truth_mm: NDArray, bank: ErrorBank, rng: np.random.Generator, scale: Sequence[float] = SCALE
) -> Observation:
    """Motion (B, T, 17, 3) seen with a network's errors, its depths unknown.

    The errors of a sequence are another one's, turned in the image and made larger or smaller; the
    legs or arms are sometimes exchanged for a while, a limb is sometimes lost.

    scale  of a sequence's errors: between these two
    """
    B, T = truth_mm.shape[:2]
    rows = rng.integers(len(bank.flat_mm), size=B)
    flat, score = bank.flat_mm[rows, :T].copy(), bank.score[rows, :T].copy()
    angle = rng.uniform(0, 2 * np.pi, B)
    turn = np.stack([np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)], -1)
    flat = flat @ turn.reshape(B, 1, 2, 2).astype(np.float32)
    least, most = np.log(scale)
    flat *= np.exp(rng.uniform(least, most, (B, 1, 1, 1))).astype(np.float32)
    depth = truth_mm[..., ROOT, 2]
    rays = truth_mm[..., :2] / np.maximum(truth_mm[..., 2:], 50)
    _exchange_limbs(rng, rays)
    _lose_limbs(rng, flat, score)
    return Observation(
        rays=(rays + flat / depth[..., None, None]).astype(np.float32),
        depth_mm=np.zeros((B, T, 17), np.float32),
        score=score,
        root_mm=(depth * np.exp(bank.root_log[rows, :T])).astype(np.float32),
        has_depth=np.zeros((B, T), np.float32),
        assumed=np.zeros((B, T), np.float32),
        step_s=np.zeros((B, T), np.float32),
    )


LIMBS = ((1, 2, 3), (4, 5, 6), (11, 12, 13), (14, 15, 16))
EXCHANGED, LOST = 0.06, 0.1  # share of the sequences


def _exchange_limbs(rng: np.random.Generator, rays: NDArray) -> None:
    for row in np.flatnonzero(rng.random(len(rays)) < EXCHANGED):
        right, left = ([1, 2, 3], [4, 5, 6]) if rng.random() < 0.5 else ([14, 15, 16], [11, 12, 13])
        some = _while(rng, rays.shape[1])
        swapped = rays[row, some].copy()
        swapped[:, right + left] = rays[row, some][:, left + right]
        rays[row, some] = swapped


def _lose_limbs(rng: np.random.Generator, flat: NDArray, score: NDArray) -> None:
    for row in np.flatnonzero(rng.random(len(flat)) < LOST):
        limb = list(LIMBS[rng.integers(len(LIMBS))])
        some = _while(rng, flat.shape[1])
        drift = rng.normal(0, 120, (len(limb), 2)) + np.cumsum(
            rng.normal(0, 15, (some.stop - some.start, len(limb), 2)), axis=0
        )
        flat[row, some][:, limb] += drift.astype(np.float32)
        score[row, some][:, limb] *= rng.uniform(0.05, 0.6)


def _while(rng: np.random.Generator, frames: int) -> slice:
    first = int(rng.integers(frames))
    return slice(first, min(frames, first + int(rng.integers(3, 30))))


def augmented(sequences: Sequences, rng: np.random.Generator, blind: float = 0.15) -> Sequences:
    """Mirrored, rolled, seen with a wrong focal length, at other frame rates; times are set.

    blind  share of the sequences whose depths are taken away
    """
    seen, truth = sequences.seen, sequences.truth_mm.astype(np.float32)
    B, T = truth.shape[:2]
    rays, root = seen.rays.copy(), seen.root_mm.copy()
    flipped = rng.random(B) < 0.5
    truth, rays = truth.copy(), rays
    order = list(H36M17.mirror)
    truth[flipped] = truth[flipped][:, :, order] * np.array([-1, 1, 1], np.float32)
    rays[flipped] = rays[flipped][:, :, order] * np.array([-1, 1], np.float32)
    depth, score = seen.depth_mm.copy(), seen.score.copy()
    depth[flipped], score[flipped] = depth[flipped][:, :, order], score[flipped][:, :, order]
    roll = rng.normal(0, np.radians(4), B)
    turn = np.stack([np.cos(roll), np.sin(roll), -np.sin(roll), np.cos(roll)], -1)
    turn = turn.reshape(B, 1, 2, 2).astype(np.float32)
    rays = rays @ turn
    truth[..., :2] = truth[..., :2] @ turn
    # nobody measured the focal length: rays are too wide or too narrow, and the depth follows it
    assumed = np.asarray(rng.random(B) < 0.5)
    factor = np.where(assumed, np.exp(rng.normal(0, 0.15, B)), 1.0).astype(np.float32)
    rays = rays / factor[:, None, None, None]
    root = root * factor[:, None]
    unseen = np.asarray(rng.random(B) < blind)
    has = np.where(unseen[:, None], 0.0, seen.has_depth).astype(np.float32)
    changed = replace(
        seen,
        rays=rays,
        root_mm=root,
        depth_mm=depth * has[..., None],
        score=score,
        has_depth=has,
        assumed=np.broadcast_to(assumed[:, None], (B, T)).astype(np.float32),
        step_s=np.zeros((B, T), np.float32),
    )
    return timed(Sequences(changed, truth, sequences.fps), rng)


def timed(sequences: Sequences, rng: np.random.Generator | None) -> Sequences:
    """The same with the times between frames; with a generator some frames are missing."""
    T = sequences.truth_mm.shape[1]
    frames = np.arange(T)
    if rng is not None:
        kind = rng.random()
        if kind < 0.3:
            frames = frames[:: int(rng.integers(2, 4))]
        elif kind < 0.5:
            frames = np.flatnonzero(rng.random(T) < rng.uniform(0.5, 0.95))
        if len(frames) < 2:
            frames = np.arange(T)
    some = sequences.at(frames)
    steps = np.diff(frames, prepend=frames[0]).astype(np.float32)
    step_s = np.abs(steps)[None] / sequences.fps[:, None]
    return Sequences(replace(some.seen, step_s=step_s.astype(np.float32)), some.truth_mm, some.fps)


def there_and_back(sequences: Sequences) -> Sequences:
    """Each sequence, then the same backwards: twice as long, and as smooth."""
    T = sequences.truth_mm.shape[1]
    return sequences.at(np.concatenate([np.arange(T), np.arange(T - 2, -1, -1)]))
