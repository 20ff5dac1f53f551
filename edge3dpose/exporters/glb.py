"""glTF binary: one person's body, skinned, with a skeleton and its animation. y up, metres.

Blender, three.js and game engines read it. The body is fitted to the bones of the poses
(shape/fit.py); how its bones turn is told in shape/posing.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge3dpose import __version__
from edge3dpose.exporters import ExporterPlugin, ExportRequest
from edge3dpose.exporters._clips import HEIGHT
from edge3dpose.exporters._gltf import ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER, Gltf
from edge3dpose.shape.body import RestBody
from edge3dpose.shape.body_shape import shape_of_track
from edge3dpose.shape.posing import Motion, motion_of
from edge3dpose.shape.skeleton import BONES

COLOUR = (0.72, 0.62, 0.55, 1.0)
M_PER_MM = 1e-3


class GlbPlugin(ExporterPlugin):
    """--to glb."""

    name = "glb"
    suffix = ".glb"
    summary = "glTF binary, the body of one person with skeleton and animation"
    options = (HEIGHT,)

    def content(self, request: ExportRequest) -> tuple[bytes, str]:
        """The body of one person in motion."""
        (track,), header = request.tracks, dict(request.header)
        height_cm = request.values["height_cm"]
        shape = shape_of_track(track, header, height_cm and height_cm * 10, scale_std=0.0)
        given = tuple(what for what in shape.given if what != "scale")  # taken, not known
        shape = replace(shape, given=given)
        later = np.diff(track.time_s, prepend=-np.inf) > 0  # times of a glTF file ascend
        time_s = track.time_s[later] - track.time_s[0]
        fps = float(np.clip(1 / np.median(np.diff(time_s)), 1, 1000)) if len(time_s) > 1 else 30.0
        root_mm = track.root_mm[later] * shape.scale
        motion = motion_of(track.joints_mm[later], root_mm, shape.body, fps)
        name = "person" if track.track_id is None else f"person {track.track_id}"
        about = {
            "starts_s": float(track.time_s[0]),
            "source": str(header.get("source")),
            "shape": shape.to_dict(),
        }
        content = glb(shape.body, time_s, motion, name, about)
        size_cm = shape.height_mm / 10
        return content, f"{name}, {size_cm:.0f} cm tall, {len(time_s)} frames, {time_s[-1]:.1f} s"


def glb(body: RestBody, time_s: NDArray, motion: Motion, name: str, about: dict[str, Any]) -> bytes:
    """A body in motion at times (F,) as a glTF binary."""
    gltf = Gltf(f"edge3dpose {__version__}")
    heads = body.heads_mm * M_PER_MM
    nodes: list[dict[str, Any]] = [
        {
            "name": bone.name,
            "translation": (heads[n] - (heads[bone.parent] if bone.parent >= 0 else 0)).tolist(),
            "rotation": [0.0, 0.0, 0.0, 1.0],
        }
        for n, bone in enumerate(BONES)
    ]
    for n, bone in enumerate(BONES):
        if bone.parent >= 0:
            nodes[bone.parent].setdefault("children", []).append(n)
    nodes.append({"name": name, "mesh": 0, "skin": 0, "extras": about})
    binds = np.tile(np.eye(4, dtype=np.float32), (len(BONES), 1, 1))
    binds[:, 3, :3] = -heads  # columns one after the other
    skin = {"joints": list(range(len(BONES))), "skeleton": 0}
    skin["inverseBindMatrices"] = gltf.add(binds)
    gltf.content |= {
        "scene": 0,
        "scenes": [{"nodes": [0, len(BONES)]}],
        "nodes": nodes,
        "skins": [skin],
        "meshes": [{"name": name, "primitives": [_primitive(gltf, body)]}],
        "materials": [_material()],
    }
    channels = [(0, "translation", motion.root_mm * M_PER_MM)]
    for n, bone in enumerate(BONES):
        if bone.tail is not None or bone.parent < 0:
            channels.append((n, "rotation", np.roll(motion.turns[:, n], -1, axis=-1)))  # x y z w
    gltf.animate(name, time_s, channels)
    return gltf.to_bytes()


def _material() -> dict[str, Any]:
    surface = {"baseColorFactor": list(COLOUR), "metallicFactor": 0.0, "roughnessFactor": 0.8}
    return {"name": "skin", "pbrMetallicRoughness": surface}


def _primitive(gltf: Gltf, body: RestBody) -> dict[str, Any]:
    triangles = body.triangles.astype(np.int64)
    vertices = (body.vertices_mm * M_PER_MM).astype(np.float32)
    weights = np.round(body.skin_weights * 255).astype(np.uint8)
    bones = np.where(weights > 0, body.skin_bones, 0).astype(np.uint8)
    return {
        "attributes": {
            "POSITION": gltf.add(vertices, target=ARRAY_BUFFER, limits=True),
            "NORMAL": gltf.add(_normals(vertices, triangles), target=ARRAY_BUFFER),
            "JOINTS_0": gltf.add(bones, target=ARRAY_BUFFER),
            "WEIGHTS_0": gltf.add(weights, target=ARRAY_BUFFER, normalized=True),
        },
        "indices": gltf.add(body.triangles.ravel(), target=ELEMENT_ARRAY_BUFFER),
        "material": 0,
    }


def _normals(vertices: NDArray, triangles: NDArray) -> NDArray[np.float32]:
    """(V, 3) of length 1, triangles weighing by their area."""
    a, b, c = (vertices[triangles[:, k]].astype(float) for k in range(3))
    faces = np.cross(b - a, c - a)
    total = np.zeros((len(vertices), 3))
    for k in range(3):
        np.add.at(total, triangles[:, k], faces)
    length = np.linalg.norm(total, axis=1, keepdims=True)
    up = np.array([0.0, 1.0, 0.0])
    return np.where(length > 0, total / np.maximum(length, 1e-20), up).astype(np.float32)


PLUGIN = GlbPlugin()
