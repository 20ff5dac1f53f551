"""Triangle meshes: normals, and fewer triangles where a small picture cannot show them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def vertex_normals(vertices: NDArray, triangles: NDArray) -> NDArray[np.float32]:
    """(n, 3) unit normals, triangles weighing by their area."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    count, corners = len(vertices), triangles.ravel()
    spread = np.repeat(face, 3, axis=0)
    total = np.stack([np.bincount(corners, spread[:, k], count) for k in range(3)], 1)
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return (total / np.maximum(length, 1e-12)).astype(np.float32)


def thin(
    vertices_m: NDArray, triangles: NDArray, cell_m: NDArray | float, group: NDArray
) -> NDArray[np.int64]:
    """Triangles (m', 3) after vertices of one cell, group and facing became one of them.

    cell_m (n,) or one number: side of the cells; 0 leaves a vertex alone. group (n,) integers:
    only vertices of equal group meet. No vertex moves and none is renumbered, so the same list
    serves every body.
    """
    cell = np.broadcast_to(np.asarray(cell_m, float), len(vertices_m))
    normals = vertex_normals(vertices_m, triangles)
    place = np.floor(vertices_m / np.maximum(cell, 1e-6)[:, None]).astype(np.int64)
    facing = (normals > 0) @ np.array([1, 2, 4])
    keys = np.column_stack([place, facing, group])
    alone = cell <= 0
    keys[alone] = np.column_stack([np.flatnonzero(alone)] + [np.full(alone.sum(), -1)] * 4)
    _, member = np.unique(keys, axis=0, return_inverse=True)
    keeper = _most_central(vertices_m, member.ravel())
    merged = keeper[triangles]
    a, b, c = merged.T
    merged = merged[(a != b) & (b != c) & (a != c)]
    _, first = np.unique(np.sort(merged, axis=1), axis=0, return_index=True)
    return merged[np.sort(first)]


def _most_central(vertices: NDArray, member: NDArray) -> NDArray[np.int64]:
    """For each vertex, the one of its cell that lies nearest the cell's middle."""
    count = np.bincount(member)
    middle = np.stack([np.bincount(member, vertices[:, k]) / count for k in range(3)], 1)
    away = np.linalg.norm(vertices - middle[member], axis=1)
    order = np.lexsort((away, member))
    starts = np.concatenate([[0], np.cumsum(count)[:-1]])
    return order[starts][member]
