"""MakeHuman clothes (.mhclo + .obj): read one, and fit it to a base mesh."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge3dpose.errors import BadInput

AXES = {"x_scale": 0, "y_scale": 1, "z_scale": 2}


@dataclass(frozen=True)
class Cloth:
    """A garment bound to base vertices: each of its n vertices hangs on three of them."""

    name: str
    refs: NDArray[np.int64]  # (n, 3) base vertices
    weights: NDArray[np.float32]  # (n, 3) barycentric
    offsets: NDArray[np.float32]  # (n, 3) in the garment's own units, per axis
    scale_refs: NDArray[
        np.int64
    ]  # (3, 2) base vertices whose distance along x, y, z scales offsets
    scale_units: NDArray[np.float32]  # (3,) that distance on the body it was made for
    hides: NDArray[np.int64]  # base vertices under the garment
    triangles: NDArray[np.int64]  # (m, 3)


def fit(
    base: NDArray,
    refs: NDArray,
    weights: NDArray,
    offsets: NDArray,
    scale_refs: NDArray,
    scale_units: NDArray,
) -> NDArray[np.float32]:
    """Vertices (n, 3) of a garment on the base mesh (V, 3), y up, same length unit as base."""
    axes = np.arange(3)
    scale = np.abs(base[scale_refs[:, 0], axes] - base[scale_refs[:, 1], axes]) / scale_units
    hung = np.einsum("nk,nkc->nc", weights, base[refs])
    return (hung + offsets * scale).astype(np.float32)


def read(path: Path) -> Cloth:
    """Reads a .mhclo file and the .obj it names; BadInput where a line is not understood."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    head, rows, hidden, section = {}, [], [], "head"
    for line in lines:
        words = line.split()
        if not words or words[0] == "#":
            continue
        if words[0] in ("verts", "delete_verts"):
            section = words[0]
        elif section == "verts" and _is_number(words[0]):
            rows.append([float(w) for w in words])
        elif section == "delete_verts" and _is_number(words[0]):
            hidden += words
        else:
            head[words[0]] = words[1:]
    if not rows or "obj_file" not in head or not all(axis in head for axis in AXES):
        raise BadInput(f"{path}: not a garment (wanted obj_file, three scales and verts)")
    refs, weights, offsets = _bindings(rows)
    return Cloth(
        name=path.stem,
        refs=refs,
        weights=weights,
        offsets=offsets,
        scale_refs=np.array([[int(w) for w in head[axis][:2]] for axis in AXES]),
        scale_units=np.array([float(head[axis][2]) for axis in AXES], np.float32),
        hides=_ranges(hidden),
        triangles=read_triangles(path.parent / head["obj_file"][0]),
    )


def read_triangles(path: Path) -> NDArray[np.int64]:
    """Faces of an .obj as triangles (m, 3), counted from 0."""
    triangles = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("f "):
            corners = [int(word.split("/")[0]) - 1 for word in line.split()[1:]]
            triangles += [
                [corners[0], corners[i], corners[i + 1]] for i in range(1, len(corners) - 1)
            ]
    return np.array(triangles, np.int64)


def _bindings(rows: list[list[float]]) -> tuple[NDArray, NDArray, NDArray]:
    """A row is one vertex that is copied, or three with weights and an offset."""
    full = np.array([row if len(row) == 9 else [row[0]] * 3 + [1, 0, 0, 0, 0, 0] for row in rows])
    return full[:, :3].astype(np.int64), full[:, 3:6].astype(np.float32), full[:, 6:].astype("f4")


def _ranges(words: list[str]) -> NDArray[np.int64]:
    """``["3", "7", "-", "9"]`` -> 3, 7, 8, 9."""
    numbers: list[int] = []
    for before, word in zip(["", *words], words, strict=False):
        if word == "-":
            continue
        last = int(word)
        numbers += range(numbers[-1] + 1, last + 1) if before == "-" else [last]
    return np.array(numbers, np.int64)


def _is_number(word: str) -> bool:
    return word.lstrip("-").isdigit()
