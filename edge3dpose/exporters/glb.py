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
from edge3dpose.counting import counted
from edge3dpose.exporters import ExporterPlugin, ExportRequest
from edge3dpose.exporters._clips import FLOOR, HEIGHT, clips_of
from edge3dpose.exporters._gltf import ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER, Gltf
from edge3dpose.kinematics.clip import on_the_floor
from edge3dpose.rotations import multiply, rotate
from edge3dpose.shape.body import RestBody
from edge3dpose.shape.body_shape import BodyShape, shape_of_track
from edge3dpose.shape.posing import Motion, motion_of
from edge3dpose.shape.skeleton import BONE_NAMES, BONES
from edge3dpose.skeletons import H36M17

COLOUR = (0.72, 0.62, 0.55, 1.0)
M_PER_MM = 1e-3
FEET = ("left_foot", "right_foot")
PLAIN = {"height_cm": None, "clean": False}  # the body's own size is taken


class GlbPlugin(ExporterPlugin):
    """--to glb."""

    name = "glb"
    suffix = ".glb"
    summary = "glTF binary, the body of one person with skeleton and animation"
    options = (HEIGHT, *FLOOR)

    def content(self, request: ExportRequest) -> tuple[bytes, str]:
        """The body of one person in motion."""
        (track,), header = request.tracks, dict(request.header)
        height_cm = request.values["height_cm"]
        shape = shape_of_track(track, header, height_cm and height_cm * 10, scale_std=0.0)
        given = tuple(what for what in shape.given if what != "scale")  # taken, not known
        shape = replace(shape, given=given)
        time_s, motion, floor = _motion(request, shape)
        name = "person" if track.track_id is None else f"person {track.track_id}"
        about = {
            "starts_s": float(track.time_s[0]),
            "source": str(header.get("source")),
            "shape": shape.to_dict(),
        }
        content = glb(shape.body, time_s, motion, name, about)
        said = f"{name}, {shape.height_mm / 10:.0f} cm tall, {counted(len(time_s), 'frame')}"
        return content, f"{said}, {time_s[-1]:.1f} s{floor}"


def _motion(request: ExportRequest, shape: BodyShape) -> tuple[NDArray, Motion, str]:
    """Times (F,) from 0, the motion at them, and the floor in words: upright on it, or not."""
    (track,), root = request.tracks, H36M17.root
    if not request.values["floor"]:
        later = np.diff(track.time_s, prepend=-np.inf) > 0  # times of a glTF file ascend
        time_s = track.time_s[later] - track.time_s[0]
        fps = float(np.clip(1 / np.median(np.diff(time_s)), 1, 1000)) if len(time_s) > 1 else 30.0
        root_mm = track.root_mm[later] * shape.scale
        return time_s, motion_of(track.joints_mm[later], root_mm, shape.body, fps), ""
    (clip,) = clips_of(replace(request, values={**request.values, **PLAIN}))
    assert clip.floor is not None
    joints, time_s = clip.joints_mm[clip.known], (clip.time_s - clip.time_s[0])[clip.known]
    root_mm = joints[:, root] * shape.scale
    motion = motion_of(joints - joints[:, [root]], root_mm, shape.body, clip.rate_hz)
    lowest = np.full(len(clip.time_s), np.nan)  # the body's own legs decide how high its hips are
    lowest[clip.known] = -_ankles_mm(shape.body, motion)[..., 1].min(-1)
    sole_mm = _sole_mm(shape.body)
    lowest = on_the_floor(lowest + sole_mm, clip.rate_hz, placed=clip.placed)[clip.known]
    motion = replace(motion, root_mm=motion.root_mm + lowest[:, None] * [0.0, 1.0, 0.0])
    return time_s, motion, f", {clip.floor.text}"


def _sole_mm(body: RestBody) -> float:
    """How high the ankles of the body at rest are above its soles."""
    ankles = [body.heads_mm[BONE_NAMES.index(name), 1] for name in FEET]
    return float(np.mean(ankles) - body.vertices_mm[:, 1].min())


def _ankles_mm(body: RestBody, motion: Motion) -> NDArray[np.float64]:
    """(F, 2, 3) where the feet begin, y up."""
    turns, places = [motion.turns[:, 0]], [motion.root_mm]
    for n, bone in enumerate(BONES[1:], start=1):
        step = body.heads_mm[n] - body.heads_mm[bone.parent]
        places.append(places[bone.parent] + rotate(turns[bone.parent], step))
        turns.append(multiply(turns[bone.parent], motion.turns[:, n]))
    return np.stack([places[BONE_NAMES.index(name)] for name in FEET], 1)


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
