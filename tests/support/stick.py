"""A stick body, a scrap of a shoe, a clip and photos as an asset file: people without downloads."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge3dpose.training.synthesis import assets

# name, parent, head at rest (x left, y up, z forward; metres) of the left half and the middle.
BONES = [
    ("root", None, (0, 0.95, 0)),
    ("upperleg01.L", "root", (0.1, 0.9, 0)),
    ("lowerleg01.L", "upperleg01.L", (0.12, 0.5, 0)),
    ("foot.L", "lowerleg01.L", (0.14, 0.1, 0)),
    ("toe3-1.L", "foot.L", (0.15, 0.04, 0.12)),
    ("spine03", "root", (0, 1.15, 0)),
    ("neck01", "spine03", (0, 1.45, 0)),
    ("head", "neck01", (0, 1.55, 0)),
    ("upperarm01.L", "neck01", (0.18, 1.4, 0)),
    ("lowerarm01.L", "upperarm01.L", (0.35, 1.18, 0)),
    ("wrist.L", "lowerarm01.L", (0.52, 0.98, 0)),
    ("finger3-1.L", "wrist.L", (0.58, 0.9, 0)),
]


def stick_bones() -> tuple[list[str], list[int], np.ndarray]:
    both = list(BONES)
    for name, parent, (x, y, z) in BONES:
        if name.endswith(".L"):
            above = parent.replace(".L", ".R")
            both.append((name.replace(".L", ".R"), above, (-x, y, z)))
    names = [name for name, _, _ in both]
    parents = [-1 if parent is None else names.index(parent) for _, parent, _ in both]
    return names, parents, np.array([head for _, _, head in both], np.float32)


def _stick_mesh(parents: list[int], heads: np.ndarray) -> tuple[np.ndarray, ...]:
    """A box about each bone's head that reaches to its parent's, and one for the skull."""
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    quads = np.array([t for a, b, c, d in faces for t in ((a, b, c), (a, c, d))])
    ends = [(i, heads[p], heads[i], p) for i, p in enumerate(parents) if p >= 0]
    ends += [(0, heads[0], heads[1] * [0, 1, 1], 0), (7, heads[7], heads[7] + [0, 0.2, 0], 7)]
    vertices, triangles, bones = [], [], []
    for _, start, end, bone in ends:
        low, high = np.minimum(start, end) - 0.06, np.maximum(start, end) + 0.06
        triangles.append(quads + len(vertices) * 8)
        vertices.append(np.where(corners > 0, high, low))
        bones += [bone] * 8
    return np.concatenate(vertices), np.concatenate(triangles), np.array(bones)


@pytest.fixture(scope="session")
def stick_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An asset file with a stick body, a scrap of a shoe, a clip and photos in each half."""
    names, parents, heads = stick_bones()
    vertices, triangles, bones = _stick_mesh(parents, heads)
    attributes = np.zeros((len(bones), 12), np.uint8)
    attributes[:, 0], attributes[:, 4], attributes[:, 11] = bones, 255, 32
    rule = json.loads(assets.SPLIT_FILE.read_text())
    photo = np.random.default_rng(0).integers(0, 255, (140, 150, 3), np.uint8)
    jpeg = cv2.imencode(".jpg", photo)[1].ravel()
    photos = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"]
    still = np.tile([1.0, 0, 0, 0], (3, 22, 1))
    out = tmp_path_factory.mktemp("assets") / "stick.npz"
    np.savez(
        out,
        schema=assets.SCHEMA,
        body_number=[0, rule["bodies"][0]],
        body_gender=np.float32([0, 1]),
        body_vertices=np.round(np.stack([vertices, vertices * 1.05]) * 1e4).astype(np.int16),
        body_heads=np.stack([heads, heads * 1.05]),
        bone_names=names,
        bone_parents=parents,
        base_triangles=triangles.astype(np.uint16),
        base_attributes=attributes,
        garment_names=["shoes01", rule["garments"][3]],  # each a triangle on three vertices
        garment_vertices=[3, 3],
        garment_triangle_counts=[1, 1],
        garment_refs=np.uint16([[0, 1, 2], [1, 2, 3], [2, 3, 4]] * 2),
        garment_weights=np.float32([[1, 0, 0]] * 6),
        garment_offsets=np.zeros((6, 3), np.float32),
        garment_attributes=np.tile(attributes[:3], (2, 1)),
        garment_triangles=np.uint16([[0, 1, 2], [0, 1, 2]]),
        garment_scale_refs=np.uint16([[[0, 7]] * 3] * 2),
        garment_scale_units=np.ones((2, 3), np.float32),
        garment_hides=np.packbits(np.arange(len(bones))[None] < [[8], [0]], axis=1),
        motion_quaternions=np.concatenate([still, still]).astype(np.float16),
        motion_translations=np.zeros((6, 3), np.float16),
        motion_fps=[30.0, 30.0],
        motion_starts=[0, 3, 6],
        motion_names=["cmu_01_01", "cmu_02_01"],
        photo_names=photos,
        photo_kinds=["photo"] * len(photos),
        photo_sizes=[len(jpeg)] * len(photos),
        photo_bytes=np.tile(jpeg, len(photos)),
    )
    return out
