"""The bodies that a shape may be: a mean adult and the ways adults differ, as baked from Anny.

Rest pose: an A, y up, facing +z, left +x, millimetres from the pelvis. The file beside this one is
written by training/synthesis/body_shapes.py; its data are derived from Anny's (NOTICE).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge3dpose.errors import EngineMismatch
from edge3dpose.shape.bones import NAMES, SEGMENT_OF_JOINT
from edge3dpose.shape.skeleton import BONE_NAMES, BONES, BodyBone
from edge3dpose.skeletons import H36M17

SCHEMA = "edge3dpose.body/1"
FILE = Path(__file__).with_name("body.npz")
MEAN_UNIT_MM, COMPONENT_UNIT_MM = 0.1, 0.02  # of the whole numbers in the file


@dataclass(frozen=True, eq=False)
class BodyModel:
    """Mean (row 0) and components of one standard deviation (rows 1 to K)."""

    joints_mm: NDArray[np.float64]  # (1 + K, 17, 3)
    height_mm: NDArray[np.float64]  # (1 + K,)
    vertices_mm: NDArray[np.float32]  # (1 + K, V, 3)
    triangles: NDArray[np.uint16]  # (m, 3)
    skin_bones: NDArray[np.uint8]  # (V, 4) of skeleton.BONES
    skin_weights: NDArray[np.float32]  # (V, 4), sum 1

    @property
    def components(self) -> int:
        """How many ways of differing."""
        return len(self.height_mm) - 1


@dataclass(frozen=True, eq=False)
class RestBody:
    """One body at rest, millimetres from the pelvis."""

    joints_mm: NDArray[np.float64]  # (17, 3)
    vertices_mm: NDArray[np.float32]  # (V, 3)
    triangles: NDArray[np.uint16]  # (m, 3)
    skin_bones: NDArray[np.uint8]  # (V, 4)
    skin_weights: NDArray[np.float32]  # (V, 4)

    @property
    def heads_mm(self) -> NDArray[np.float64]:
        """(B, 3) where each bone of skeleton.BONES begins."""
        return self.joints_mm[[bone.head for bone in BONES]]


@lru_cache(maxsize=1)
def load_model() -> BodyModel:
    """The bodies of the package; EngineMismatch where the file is missing or another one."""
    try:
        with np.load(FILE, allow_pickle=False) as data:
            if str(data["schema"]) != SCHEMA or tuple(data["bone_names"]) != BONE_NAMES:
                raise ValueError(f"its schema is {data['schema']}, wanted {SCHEMA}")
            mean = data["mean_vertices"].astype(np.float32) * MEAN_UNIT_MM
            ways = data["vertex_components"].astype(np.float32) * COMPONENT_UNIT_MM
            return BodyModel(
                joints_mm=data["joints_mm"].reshape(-1, 17, 3),
                height_mm=data["height_mm"],
                vertices_mm=np.concatenate([mean[None], ways]),
                triangles=data["triangles"],
                skin_bones=data["skin_bones"],
                skin_weights=data["skin_weights"].astype(np.float32) / 255,
            )
    except (OSError, ValueError, KeyError) as error:
        raise EngineMismatch(f"{FILE} cannot be used: {error}; install edge3dpose again") from None


def combined(rows: NDArray, coefficients: NDArray) -> NDArray:
    """Mean and components (1 + K, ...) at coefficients (K,) -> (...)."""
    return rows[0] + np.tensordot(coefficients, rows[1:], 1)


def stretched_joints(joints_mm: NDArray, factors: NDArray) -> NDArray[np.float64]:
    """Joints (17, 3) after the lengths of bones.SEGMENTS were multiplied by factors (10,)."""
    moved = np.array(joints_mm, float)
    for joint, parent in enumerate(H36M17.parents):
        if parent >= 0:
            step = joints_mm[joint] - joints_mm[parent]
            moved[joint] = moved[parent] + factors[SEGMENT_OF_JOINT[joint]] * step
    return moved


def rest_body(coefficients: NDArray, factors: NDArray, size: float = 1.0) -> RestBody:
    """The body at coefficients (K,), its bones stretched by factors (10,), then all by size.

    The skin follows: each bone stretches its share of the skin along itself.
    """
    model = load_model()
    joints = combined(model.joints_mm, coefficients)
    skin = combined(model.vertices_mm, coefficients).astype(float)
    moved = stretched_joints(joints, factors)
    shifted = np.zeros((len(BONES), *skin.shape))
    for n, bone in enumerate(BONES):
        along, factor = _along(bone, joints, factors)
        from_head = skin - joints[bone.head]
        longer = (factor - 1) * (from_head @ along)[:, None] * along
        shifted[n] = moved[bone.head] + from_head + longer
    rows = np.arange(len(skin))[:, None]
    skin = (shifted[model.skin_bones, rows] * model.skin_weights[..., None]).sum(1)
    return RestBody(
        joints_mm=moved * size,
        vertices_mm=(skin * size).astype(np.float32),
        triangles=model.triangles,
        skin_bones=model.skin_bones,
        skin_weights=model.skin_weights,
    )


def _along(bone: BodyBone, joints: NDArray, factors: NDArray) -> tuple[NDArray, float]:
    """The direction in which a bone is stretched, and by which factor."""
    if bone.name == "hips":
        return np.array([1.0, 0.0, 0.0]), float(factors[NAMES.index("hip")])
    if bone.tail is None:
        return np.array([0.0, 1.0, 0.0]), 1.0
    step = joints[bone.tail] - joints[bone.head]
    return step / np.linalg.norm(step), float(factors[SEGMENT_OF_JOINT[bone.tail]])
