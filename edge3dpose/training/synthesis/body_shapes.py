"""Writes edge3dpose/shape/body.npz: the mean body of Anny's adults and how they vary.

    python -m edge3dpose.training.synthesis.body_shapes

Needs the package ``anny`` (Apache-2.0; its MakeHuman data are CC0). What is written needs neither
anny nor torch: a principal component analysis of drawn adults, skin weights of 19 bones.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge3dpose import storage
from edge3dpose.shape import body
from edge3dpose.shape.skeleton import BONE_NAMES
from edge3dpose.skeletons import H36M17
from edge3dpose.training.synthesis import bodies, rig
from edge3dpose.training.synthesis.bodies import BaseMesh, Body
from edge3dpose.training.synthesis.meshes import thin

DRAWN = 400
FIRST = 100_000  # number of the first drawn body: none of those that are rendered
COMPONENTS = 10
CELL_M = {"head": 0.008, "finger": 0.011, "metacarpal": 0.013, "toe": 0.013, "foot": 0.013}
OTHER_CELL_M = 0.013
# of the rig's segments; the hands' bones, which show no turn of their own, are one bone
BONE_OF_SEGMENT = {
    **{"pelvis": "hips", "lowerback": "spine", "upperback": "chest", "thorax": "chest"},
    **{"neck": "neck", "head": "head"},
    **{
        side[0] + segment: f"{side}_{bone}"
        for side in ("left", "right")
        for segment, bone in (
            *(("clav", "clavicle"), ("uarm", "upper_arm"), ("farm", "forearm"), ("hand", "hand")),
            *(("thigh", "thigh"), ("shin", "shin"), ("foot", "foot"), ("toe", "foot")),
        )
    },
}


def bake(out: Path, drawn: int = DRAWN) -> Path:
    """Draws so many adults, finds their principal components and writes the file."""
    model = bodies.open_anny()
    mesh = bodies.base_mesh(model)
    first = bodies.draw_body(model, FIRST)
    triangles = _thinned(mesh, first)
    kept, corners = np.unique(triangles, return_inverse=True)
    rows = [_row(mesh, first, kept)]
    rows += [_row(mesh, bodies.draw_body(model, FIRST + n), kept) for n in range(1, drawn)]
    mean, components = principal_components(np.stack(rows), COMPONENTS)
    with storage.writing(out) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **_arrays(mesh, kept, corners, mean, components))
    return out


def joints_of(mesh: BaseMesh, person: Body) -> NDArray[np.float64]:
    """(17, 3) joints at rest, metres."""
    at = dict(zip(mesh.bone_names, person.heads_m.astype(float), strict=True))
    skin = person.vertices_m[: bodies.BODY_VERTICES]
    joints = np.zeros((17, 3))
    for n, bone in enumerate(rig.JOINT_BONES):
        if bone is not None:
            joints[n] = at[bone]
    joints[0] = (joints[1] + joints[4]) / 2
    joints[H36M17.index("head_top")] = skin[skin[:, 1].argmax()]
    return joints


def height_m(person: Body) -> float:
    """From the soles to the crown."""
    up = person.vertices_m[: bodies.BODY_VERTICES, 1]
    return float(up.max() - up.min())


def principal_components(rows: NDArray, count: int) -> tuple[NDArray, NDArray]:
    """(n, d) samples -> mean (d,), components (count, d), each of one standard deviation."""
    mean = rows.mean(0)
    small = (rows - mean) @ (rows - mean).T / (len(rows) - 1)  # (n, n): d is much larger
    values, vectors = np.linalg.eigh(small)
    values, vectors = values[::-1][:count], vectors[:, ::-1][:, :count]
    components = vectors.T @ (rows - mean) / np.sqrt(len(rows) - 1)
    lengths = np.linalg.norm(components, axis=1, keepdims=True)
    return mean, components * (np.sqrt(values)[:, None] / np.maximum(lengths, 1e-12))


def _row(mesh: BaseMesh, person: Body, kept: NDArray) -> NDArray:
    """Joints, height and vertices of one body from its pelvis, metres, in one row."""
    joints = joints_of(mesh, person)
    vertices = person.vertices_m[kept] - joints[0]
    return np.concatenate([(joints - joints[0]).ravel(), [height_m(person)], vertices.ravel()])


def _thinned(mesh: BaseMesh, person: Body) -> NDArray:
    names = np.array([name.partition(".")[0].rstrip("0123456789-") for name in mesh.bone_names])
    main = names[mesh.bones[:, 0]]
    cell = np.full(len(main), OTHER_CELL_M)
    for part, side_m in CELL_M.items():
        cell[main == part] = side_m
    return thin(person.vertices_m, mesh.triangles, cell, mesh.bones[:, 0].astype(int))


def _skin(mesh: BaseMesh) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """(V, 4) bones and weights, sum 255, of all base vertices."""
    shares = np.zeros((len(mesh.bone_names), len(BONE_NAMES)))
    for n, name in enumerate(mesh.bone_names):
        first, second, share = rig.segments_of(name)
        shares[n, BONE_NAMES.index(BONE_OF_SEGMENT[rig.SEGMENTS[first]])] += 1 - share
        shares[n, BONE_NAMES.index(BONE_OF_SEGMENT[rig.SEGMENTS[second]])] += share
    dense = np.einsum("vk,vkb->vb", mesh.weights, shares[mesh.bones])
    bones, weights = bodies.strongest(
        np.broadcast_to(np.arange(len(BONE_NAMES)), dense.shape), dense
    )
    whole = np.floor(weights * 255).astype(np.int64)
    whole[:, 0] += 255 - whole.sum(1)
    return bones, whole.astype(np.uint8)


def _arrays(
    mesh: BaseMesh, kept: NDArray, corners: NDArray, mean: NDArray, components: NDArray
) -> dict[str, Any]:
    bones, weights = _skin(mesh)
    head = 17 * 3
    return {
        "schema": np.array(body.SCHEMA),
        "bone_names": np.array(BONE_NAMES),
        "joints_mm": np.concatenate([mean[None, :head], components[:, :head]]) * 1000,
        "height_mm": np.concatenate([mean[head : head + 1], components[:, head]]) * 1000,
        "mean_vertices": _whole(mean[head + 1 :], body.MEAN_UNIT_MM),
        "vertex_components": _whole(components[:, head + 1 :], body.COMPONENT_UNIT_MM),
        "triangles": corners.reshape(-1, 3).astype(np.uint16),
        "skin_bones": bones[kept],
        "skin_weights": weights[kept],
    }


def _whole(values_m: NDArray, unit_mm: float) -> NDArray[np.int16]:
    return np.round(values_m.reshape(*values_m.shape[:-1], -1, 3) * 1000 / unit_mm).astype(np.int16)


if __name__ == "__main__":
    print(bake(body.FILE))
