"""Reads the file of baked assets, divided into the training and the held-out half."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edge3dpose import plain_arrays
from edge3dpose.errors import BadInput
from edge3dpose.training.synthesis import mhclo

SCHEMA = "edge3dpose.synthetic/2"
SPLIT_FILE = Path(__file__).with_name("split.json")
Split = Literal["train", "held-out"]
LARGE_SOURCE, LARGE_SHARE = "uiprmd_", 0.25  # rehabilitation exercises: most clips, few movements


@dataclass(frozen=True)
class Mesh:
    """The attributes of the vertices and the triangles; positions depend on the body."""

    attributes: NDArray[np.uint8]  # 4 bones, 4 weights, slot, tint, leg and arm coordinate
    triangles: NDArray[np.uint16]  # (m, 3)


@dataclass(frozen=True)
class Garment:
    """A garment, shoe, hat or hair that fits every body."""

    name: str
    mesh: Mesh
    binding: tuple[NDArray, ...]  # arguments of mhclo.fit after the base vertices
    hides: NDArray[np.bool_]  # (V,) base vertices under it

    def fit(self, base_m: NDArray) -> NDArray[np.float32]:
        """Its vertices in metres on a base mesh (V, 3) in metres."""
        return mhclo.fit(base_m, *self.binding)


@dataclass(frozen=True)
class Person:
    """A body at rest."""

    number: int
    gender: float  # 0 male ... 1 female
    vertices_m: NDArray[np.float32]  # (V, 3)
    heads_m: NDArray[np.float32]  # (B, 3)


@dataclass(frozen=True)
class Clip:
    """A piece of captured motion."""

    name: str
    quaternions: NDArray[np.float16]  # (frames, 22, 4) world turns w x y z
    translation_m: NDArray[np.float32]  # (frames, 3) of the pelvis, y up
    fps: float
    share: float  # of the draws, before all are made to sum to 1

    def __len__(self) -> int:
        return len(self.quaternions)


@dataclass(frozen=True)
class Photo:
    """A background picture as JPEG bytes."""

    name: str
    panorama: bool
    jpeg: NDArray[np.uint8]


@dataclass(frozen=True)
class Assets:
    """The training or the held-out half of the assets."""

    split: Split
    bone_names: tuple[str, ...]
    bone_parents: tuple[int, ...]
    body_mesh: Mesh
    people: tuple[Person, ...]
    garments: tuple[Garment, ...]
    clips: tuple[Clip, ...]
    photos: tuple[Photo, ...]
    held_out_patterns: frozenset[str]


def load_assets(path: Path, split: Split) -> Assets:
    """Reads one half of a file made by ``bake``; BadInput where it is something else."""
    try:
        data = plain_arrays.read_npz(path)
    except BadInput as error:
        raise BadInput(
            f"{path}: not a readable asset file; make it with: edge3dpose train --prepare ({error})"
        ) from None
    if str(data.get("schema")) != SCHEMA:
        raise BadInput(f"{path}: schema {data.get('schema')}, wanted {SCHEMA}; run --prepare again")
    rule = json.loads(SPLIT_FILE.read_text(encoding="utf-8"))
    held = split == "held-out"
    try:
        return _half(data, split, rule, held)
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise BadInput(
            f"{path}: its arrays do not fit each other ({' '.join(str(error).split())[:100]}); "
            "run --prepare again"
        ) from None


def _half(data: dict[str, NDArray], split: Split, rule: dict[str, Any], held: bool) -> Assets:
    return Assets(
        split=split,
        bone_names=tuple(str(name) for name in data["bone_names"]),
        bone_parents=tuple(int(parent) for parent in data["bone_parents"]),
        body_mesh=Mesh(data["base_attributes"], data["base_triangles"]),
        people=tuple(p for p in _people(data) if (p.number in rule["bodies"]) == held),
        garments=tuple(g for g in _garments(data) if (g.name in rule["garments"]) == held),
        clips=_clips(data, tuple(rule["motion_prefixes"]), held),
        photos=tuple(photo for photo in _photos(data) if photo_is_held_out(photo, rule) == held),
        held_out_patterns=frozenset(rule["patterns"]),
    )


def photo_is_held_out(photo: Photo, rule: dict[str, Any]) -> bool:
    """Panoramas by name; photos by the first hex digit of the SHA-256 of their name."""
    if photo.panorama:
        return photo.name in rule["panoramas"]
    digit = hashlib.sha256(photo.name.encode()).hexdigest()[0]
    return digit in rule["photo_sha256_first_digits"]


def _people(data: dict[str, NDArray]) -> list[Person]:
    rows = zip(
        data["body_number"],
        data["body_gender"],
        data["body_vertices"],
        data["body_heads"],
        strict=True,
    )
    return [Person(int(n), float(g), v.astype(np.float32) * 1e-4, h) for n, g, v, h in rows]


def _garments(data: dict[str, NDArray]) -> list[Garment]:
    vertex_ends = np.cumsum(data["garment_vertices"])[:-1]
    triangle_ends = np.cumsum(data["garment_triangle_counts"])[:-1]
    parts = [
        np.split(data[f"garment_{key}"], vertex_ends)
        for key in ("refs", "weights", "offsets", "attributes")
    ]
    triangles = np.split(data["garment_triangles"], triangle_ends)
    hides = np.unpackbits(data["garment_hides"], axis=1).astype(bool)
    base_count = data["body_vertices"].shape[1]
    return [
        Garment(
            name=str(name),
            mesh=Mesh(attributes, triangles[i]),
            binding=(
                refs.astype(np.int64),
                weights,
                offsets,
                data["garment_scale_refs"][i].astype(np.int64),
                data["garment_scale_units"][i],
            ),
            hides=hides[i, :base_count],
        )
        for i, (name, refs, weights, offsets, attributes) in enumerate(
            zip(data["garment_names"], *parts, strict=True)
        )
    ]


def _clips(data: dict[str, NDArray], prefixes: tuple[str, ...], held: bool) -> tuple[Clip, ...]:
    """The clips of a half; each counts as the root of its length, a large source less."""
    cuts = data["motion_starts"][1:-1]
    names = [str(name) for name in data["motion_names"]]
    found = [
        Clip(name, quaternions, shifts.astype(np.float32), float(fps), len(quaternions) ** 0.5)
        for name, quaternions, shifts, fps in zip(
            names,
            np.split(data["motion_quaternions"], cuts),
            np.split(data["motion_translations"], cuts),
            data["motion_fps"],
            strict=True,
        )
        if name.startswith(prefixes) == held
    ]
    whole = sum(clip.share for clip in found)
    large = sum(clip.share for clip in found if clip.name.startswith(LARGE_SOURCE))
    most = LARGE_SHARE / (1 - LARGE_SHARE) * (whole - large)
    by = min(1.0, most / large) if large else 1.0
    return tuple(
        replace(clip, share=clip.share * by) if clip.name.startswith(LARGE_SOURCE) else clip
        for clip in found
    )


def _photos(data: dict[str, NDArray]) -> list[Photo]:
    blobs = np.split(data["photo_bytes"], np.cumsum(data["photo_sizes"])[:-1])
    return [
        Photo(str(name), str(kind) == "panorama", blob)
        for name, kind, blob in zip(data["photo_names"], data["photo_kinds"], blobs, strict=True)
    ]
