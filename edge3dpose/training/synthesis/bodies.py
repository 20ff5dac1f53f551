"""Bodies of varied adults from the ``anny`` package, and the material of each base vertex."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge3dpose.errors import BadInput, MissingDependency

BODY_VERTICES = 13380  # of MakeHuman's base mesh; then helpers for clothes, eyes and joints
EYES = (14598, 14742)
MOUTH = (14590, 14598)
HEIGHT_RANGE_M = (1.45, 2.0)

# Slots: the material of a vertex, for the shader. Tints: the parts of a face and scalp.
SKIN, UPPER, LOWER, ACCENT, SHOES, HAIR, HAT, EYE = range(8)
LIPS, BROWS, PUPIL, SCALP, BEARD = range(1, 6)
COAT_STEPS = 64  # leg and arm coordinates are stored as value * 64 in a byte


@dataclass(frozen=True)
class BaseMesh:
    """What all bodies share. y up, facing +z, left +x, metres."""

    bone_names: tuple[str, ...]
    bone_parents: NDArray[np.int64]
    triangles: NDArray[np.int64]  # (m, 3), skin and eyes only
    bones: NDArray[np.uint8]  # (V, 4)
    weights: NDArray[np.float32]  # (V, 4), sum 1


@dataclass(frozen=True)
class Body:
    """One person at rest in an A-pose."""

    number: int
    gender: float  # 0 male ... 1 female
    vertices_m: NDArray[np.float32]  # (V, 3)
    heads_m: NDArray[np.float32]  # (B, 3) bone heads


def open_anny() -> Any:
    """anny's model with MakeHuman's own vertices, which the clothes are bound to."""
    try:
        import anny
    except ImportError as error:
        raise MissingDependency(
            "anny is not installed; pip install 'edge3dpose[train]' (needed once, to bake bodies)"
        ) from error
    return anny.Anny(topology="makehuman")


def base_mesh(model: Any) -> BaseMesh:
    """Triangles of skin and eyes, and the four strongest bones of each vertex."""
    quads = model.faces.numpy()
    shown = (quads < BODY_VERTICES) | ((quads >= EYES[0]) & (quads < EYES[1]))
    quads = quads[shown.all(1)]
    bones, weights = strongest(
        model.vertex_bone_indices.numpy(), model.vertex_bone_weights.detach().numpy()
    )
    return BaseMesh(
        bone_names=tuple(model.bone_labels),
        bone_parents=np.array([-1 if p is None else int(p) for p in model.bone_parents]),
        triangles=np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]),
        bones=bones,
        weights=weights,
    )


def strongest(bones: NDArray, weights: NDArray) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Per row the four bones with most weight, weights scaled to sum 1."""
    order = np.argsort(-weights, axis=1)[:, :4]
    kept = np.take_along_axis(weights, order, 1)
    kept = kept / np.maximum(kept.sum(1, keepdims=True), 1e-9)
    return np.take_along_axis(bones, order, 1).astype(np.uint8), kept.astype(np.float32)


def draw_body(model: Any, number: int) -> Body:
    """The adult of that number: the same number gives the same body on every machine."""
    rng = np.random.default_rng([20, number])
    for _ in range(200):
        shape = _draw_shape(rng)
        vertices, heads = _rest(model, shape)
        skin = vertices[:BODY_VERTICES, 1]
        if HEIGHT_RANGE_M[0] <= skin.max() - skin.min() <= HEIGHT_RANGE_M[1]:
            return Body(number, shape["gender"], vertices, heads)
    raise BadInput(f"body {number}: no adult of {HEIGHT_RANGE_M} m in 200 draws; use another anny")


def _draw_shape(rng: np.random.Generator) -> dict[str, float]:
    return {
        "gender": float(np.clip(rng.choice([0.0, 1.0]) + rng.normal(0, 0.12), 0, 1)),
        "age": float(rng.uniform(0.6, 1.0)),
        "muscle": float(rng.uniform(0.15, 1.0)),
        "weight": float(rng.beta(2.2, 2.2)),
        "height": float(np.clip(rng.normal(0.42, 0.14), 0.1, 0.9)),
        "proportions": float(rng.uniform(0.1, 1.0)),
    }


def _rest(model: Any, shape: dict[str, float]) -> tuple[NDArray, NDArray]:
    import torch

    with torch.no_grad():
        named = {key: torch.tensor([value]) for key, value in shape.items()}
        rest = model.get_rest_model(model.get_phenotype_blendshape_coefficients(**named))
    return tuple(  # type: ignore[return-value]
        (rest[key][0].numpy() @ _Y_UP.T).astype(np.float32)
        for key in ("rest_vertices", "rest_bone_heads")
    )


_Y_UP = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])  # from z up, facing -y


def paint(mesh: BaseMesh, body: Body) -> NDArray[np.uint8]:
    """(V, 4) slot, tint, leg and arm coordinate of each base vertex.

    The leg coordinate is 0 at the waist, 1 at the hips, 2 at the knees, 3 at the ankles; the arm
    coordinate 0.5 on trunk and legs, 1 at the shoulder, 2 elbow, 3 wrist, 3.9 on head and neck:
    a top or trousers painted on the skin is then "everything below a number".
    """
    names = np.array([name.partition(".")[0] for name in mesh.bone_names])
    main = names[mesh.bones[:, 0]]
    at = dict(zip(mesh.bone_names, body.heads_m, strict=True))
    legs = np.zeros(len(main))
    arms = np.full(len(main), 0.5)
    waist, hip = at["spine04"][1] + 0.03, at["upperleg01.L"][1]
    legs[:] = np.clip((waist - body.vertices_m[:, 1]) / (waist - hip), 0, 1)
    for side in ("L", "R"):
        left = mesh_side(body, side)
        for prefix, start, end, level, out in (
            ("upperleg", "upperleg01", "lowerleg01", 1.0, legs),
            ("lowerleg", "lowerleg01", "foot", 2.0, legs),
            ("upperarm", "upperarm01", "lowerarm01", 1.0, arms),
            ("lowerarm", "lowerarm01", "wrist", 2.0, arms),
        ):
            rows = np.char.startswith(main, prefix) & left
            along = _fraction(body.vertices_m[rows], at[f"{start}.{side}"], at[f"{end}.{side}"])
            out[rows] = level + along
    legs[np.isin(main, ["foot"]) | np.char.startswith(main, "toe")] = 3.2
    hands = ("wrist", "finger", "metacarpal")
    arms[np.any([np.char.startswith(main, hand) for hand in hands], axis=0)] = 3.2
    arms[np.char.startswith(main, "shoulder")] = 0.9
    arms[np.isin(main, ["neck02", "neck03", "head", "eye"])] = 3.9
    slot = np.full(len(main), SKIN)
    slot[EYES[0] : EYES[1]] = EYE
    codes = [slot, _tints(body, at, main), legs * COAT_STEPS, arms * COAT_STEPS]
    return np.stack([np.clip(np.round(code), 0, 255) for code in codes], 1).astype(np.uint8)


def mesh_side(body: Body, side: str) -> NDArray[np.bool_]:
    """Vertices left (x > 0) or right of the middle plane."""
    return body.vertices_m[:, 0] > 0 if side == "L" else body.vertices_m[:, 0] <= 0


def _fraction(points: NDArray, start: NDArray, end: NDArray) -> NDArray:
    axis = end - start
    return np.clip((points - start) @ axis / (axis @ axis), 0, 0.999)


def _tints(body: Body, at: dict[str, NDArray], main: NDArray) -> NDArray:
    """Lips, brows, pupils, scalp and beard, by where they lie about eyes and mouth."""
    v = body.vertices_m
    eye, mouth = at["eye.L"], v[MOUTH[0] : MOUTH[1]].mean(0)
    across, up, front = np.abs(v[:, 0]), v[:, 1], v[:, 2]
    head = main == "head"
    tints = np.zeros(len(v), np.uint8)
    high = up > eye[1] + 0.05
    back = (front < eye[2] - 0.07) & (up > mouth[1] + 0.01)
    tints[head & (high | back)] = SCALP
    chin = head & (up < mouth[1] + 0.015) & (front > eye[2] - 0.05)
    tints[chin] = BEARD
    facing = head & (front > eye[2] - 0.01)
    brow = np.abs(across - abs(eye[0])) < 0.024
    tints[facing & brow & (np.abs(up - eye[1] - 0.021) < 0.006)] = BROWS
    lips = (across / 0.026) ** 2 + ((up - mouth[1]) / 0.011) ** 2 < 1
    tints[facing & lips & (front > mouth[2])] = LIPS
    eyes = slice(*EYES)
    tints[eyes][front[eyes] > np.quantile(front[eyes], 0.72)] = PUPIL
    return tints
