"""Bakes bodies, clothes, motion and backgrounds into the one file that rendering reads."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge3dpose import plain_arrays, storage
from edge3dpose.errors import BadInput
from edge3dpose.training.synthesis import bodies, mhclo, rig
from edge3dpose.training.synthesis.assets import SCHEMA, SPLIT_FILE
from edge3dpose.training.synthesis.bodies import BaseMesh, Body
from edge3dpose.training.synthesis.meshes import thin

CLOTHES = Path("body/makehuman_assets_cc0/base")
MOTION = Path("mocap")
BACKGROUNDS = Path("backgrounds")
PHOTO_SIDE_PX = 448
FINE_PARTS_M = {"head": 0.009, "finger": 0.012, "metacarpal": 0.014, "toe": 0.014, "foot": 0.014}
CLOTH_CELL_M, SHOE_CELL_M, HAIR_CELL_M = 0.02, 0.013, 0.012


@dataclass(frozen=True)
class BakeSizes:
    """How many bodies and photos are baked."""

    bodies: int = 64
    photos: int = 5000


def bake(
    source: Path, out: Path, sizes: BakeSizes | None = None, extra_photos: Path | None = None
) -> Path:
    """Writes the asset file ``out`` (npz) from the folder of source data and returns it.

    ``extra_photos`` is a folder searched for more background pictures. Needs the packages of the
    extra ``train``; rendering from the file afterwards needs neither anny nor torch.
    """
    sizes = sizes or BakeSizes()
    for part in (CLOTHES, MOTION, BACKGROUNDS):
        if not (source / part).exists():
            raise BadInput(f"{source / part} is not there; --data wants the folder that holds it")
    model = bodies.open_anny()
    mesh = bodies.base_mesh(model)
    numbers = [*range(sizes.bodies), *json.loads(SPLIT_FILE.read_text(encoding="utf-8"))["bodies"]]
    people = [bodies.draw_body(model, number) for number in numbers]
    arrays = {
        "schema": np.array(SCHEMA),
        **_body_arrays(mesh, people),
        **_garment_arrays(source / CLOTHES, mesh, people[0]),
        **_motion_arrays(source / MOTION),
        **_photo_arrays(source / BACKGROUNDS, extra_photos, sizes.photos),
    }
    with storage.writing(out) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return out


def _body_arrays(mesh: BaseMesh, people: list[Body]) -> dict[str, NDArray]:
    vertices = np.stack([person.vertices_m for person in people])
    return {
        "body_number": np.array([person.number for person in people]),
        "body_gender": np.array([person.gender for person in people], np.float32),
        "body_vertices": np.round(vertices * 1e4).astype(np.int16),  # tenths of a mm
        "body_heads": np.stack([person.heads_m for person in people]),
        "bone_names": np.array(mesh.bone_names),
        "bone_parents": mesh.bone_parents.astype(np.int16),
        "base_triangles": _thin_body(mesh, people[0]).astype(np.uint16),
        "base_attributes": np.concatenate(
            [mesh.bones, _bytes(mesh.weights), bodies.paint(mesh, people[0])], 1
        ),
    }


def _thin_body(mesh: BaseMesh, body: Body) -> NDArray:
    """Fewer triangles on head, hands and feet, which have most of them and few pixels."""
    names = np.array([name.partition(".")[0].rstrip("0123456789-") for name in mesh.bone_names])
    main = names[mesh.bones[:, 0]]
    cell = np.zeros(len(main))
    for part, side_m in FINE_PARTS_M.items():
        cell[main == part] = side_m
    group = bodies.paint(mesh, body)[:, 1] + 8 * mesh.bones[:, 0].astype(int)
    return thin(body.vertices_m, mesh.triangles, cell, group)


def _bytes(weights: NDArray) -> NDArray[np.uint8]:
    """Weights as bytes that still sum to 255."""
    whole = np.floor(weights * 255).astype(np.int64)
    whole[:, 0] += 255 - whole.sum(1)
    return whole.astype(np.uint8)


def _garment_arrays(folder: Path, mesh: BaseMesh, body: Body) -> dict[str, NDArray]:
    files = sorted(folder.rglob("*.mhclo"))
    cloths = [_thin_cloth(mhclo.read(file), body) for file in files]
    hides = np.zeros((len(cloths), len(body.vertices_m)), bool)
    for row, cloth in zip(hides, cloths, strict=True):
        row[cloth.hides] = True
    attributes = [_garment_attributes(cloth, mesh) for cloth in cloths]
    return {
        "garment_names": np.array([cloth.name for cloth in cloths]),
        "garment_vertices": np.array([len(cloth.refs) for cloth in cloths]),
        "garment_triangle_counts": np.array([len(cloth.triangles) for cloth in cloths]),
        "garment_refs": np.concatenate([cloth.refs for cloth in cloths]).astype(np.uint16),
        "garment_weights": np.concatenate([cloth.weights for cloth in cloths]),
        "garment_offsets": np.concatenate([cloth.offsets for cloth in cloths]),
        "garment_scale_refs": np.stack([cloth.scale_refs for cloth in cloths]).astype(np.uint16),
        "garment_scale_units": np.stack([cloth.scale_units for cloth in cloths]),
        "garment_hides": np.packbits(hides, axis=1),
        "garment_triangles": np.concatenate([c.triangles for c in cloths]).astype(np.uint16),
        "garment_attributes": np.concatenate(attributes),
    }


def _thin_cloth(cloth: mhclo.Cloth, body: Body) -> mhclo.Cloth:
    base = body.vertices_m
    fitted = mhclo.fit(
        base, cloth.refs, cloth.weights, cloth.offsets, cloth.scale_refs, cloth.scale_units
    )
    piece = np.zeros(len(fitted), int)
    for number, members in enumerate(_pieces(len(fitted), cloth.triangles)):
        piece[members] = number
    small = SHOE_CELL_M if cloth.name.startswith("shoes") else HAIR_CELL_M
    cell = CLOTH_CELL_M if "suit" in cloth.name else small
    kept, corners = np.unique(thin(fitted, cloth.triangles, cell, piece), return_inverse=True)
    return replace(
        cloth,
        refs=cloth.refs[kept],
        weights=cloth.weights[kept],
        offsets=cloth.offsets[kept],
        triangles=corners.reshape(-1, 3),
    )


def _garment_attributes(cloth: mhclo.Cloth, mesh: BaseMesh) -> NDArray[np.uint8]:
    """(n, 12) bones, weights, slot: skin weights come with the three base vertices."""
    n = len(cloth.refs)
    dense = np.zeros((n, len(mesh.bone_names)), np.float32)
    for corner in range(3):
        rows = cloth.refs[:, corner]
        share = np.clip(cloth.weights[:, corner : corner + 1], 0, None) * mesh.weights[rows]
        np.add.at(dense, (np.arange(n)[:, None], mesh.bones[rows]), share)
    order = np.argsort(-dense, 1)[:, :4]
    picked, weights = bodies.strongest(order, np.take_along_axis(dense, order, 1))
    codes = np.zeros((n, 4), np.uint8)
    codes[:, 0] = _slots(cloth, dense, mesh)
    codes[:, 3] = round(0.5 * bodies.COAT_STEPS)
    return np.concatenate([picked, _bytes(weights), codes], 1)


def _slots(cloth: mhclo.Cloth, dense: NDArray, mesh: BaseMesh) -> NDArray:
    if cloth.name.startswith("shoes"):
        return np.full(len(dense), bodies.SHOES)
    if cloth.name.startswith("fedora"):
        return np.full(len(dense), bodies.HAT)
    if "suit" not in cloth.name:
        return np.full(len(dense), bodies.HAIR)
    below = [
        segment in (0, *range(14, 22))
        for segment in (rig.segments_of(name)[0] for name in mesh.bone_names)
    ]
    leg_share = dense[:, below].sum(1)
    slots = np.zeros(len(dense), int)
    for piece in _pieces(len(dense), cloth.triangles):
        lower = leg_share[piece].mean() > 0.5
        small = len(piece) < 0.12 * len(dense)
        slots[piece] = bodies.ACCENT if small else bodies.LOWER if lower else bodies.UPPER
    return slots


def _pieces(count: int, triangles: NDArray) -> list[NDArray]:
    """Vertex numbers of each connected piece of a mesh."""
    label = np.arange(count)
    while True:
        low = label[triangles].min(1)
        new = label.copy()
        for corner in range(3):
            np.minimum.at(new, triangles[:, corner], low)
        new = new[new]
        if np.array_equal(new, label):
            return [np.flatnonzero(label == name) for name in np.unique(label)]
        label = new


def _motion_arrays(folder: Path) -> dict[str, NDArray]:
    """All clips of the files NAME_segments_f16.npz, but training copies of held-out ones."""
    copies = set(json.loads(SPLIT_FILE.read_text(encoding="utf-8"))["motion_copies"])
    names: list[str] = []
    clips: list[tuple[NDArray, NDArray, float]] = []
    for file in sorted(folder.glob("*_segments_f16.npz")):
        data = plain_arrays.read_npz(file)
        if list(data["seg"]) != list(rig.SEGMENTS):
            raise BadInput(f"{file}: segments {list(data['seg'])}, wanted {list(rig.SEGMENTS)}")
        cuts = data["start"][1:-1]
        turns = np.split(np.roll(data["quat"], 1, axis=-1), cuts)  # x y z w -> w x y z
        shifts = np.split(data["trans"], cuts)
        for name, turn, shift, fps in zip(data["names"], turns, shifts, data["fps"], strict=True):
            if str(name) not in copies:
                names.append(str(name))
                clips.append((turn, shift, float(fps)))
    if not clips:
        raise BadInput(f"{folder} holds no captured motion, NAME_segments_f16.npz")
    return {
        "motion_quaternions": np.concatenate([turn for turn, _, _ in clips]),
        "motion_translations": np.concatenate([shift for _, shift, _ in clips]),
        "motion_fps": np.array([fps for _, _, fps in clips]),
        "motion_starts": np.cumsum([0, *(len(turn) for turn, _, _ in clips)]),
        "motion_names": np.array(names),
    }


def _photo_arrays(folder: Path, extra: Path | None, most: int) -> dict[str, NDArray]:
    """All pictures as JPEG bytes one after the other."""
    import cv2

    panoramas = sorted((folder / "hdri").glob("*.jpg"))
    photos = sorted((folder / "clothing_cc0").glob("*.jpg"))
    if extra:
        photos += sorted(p for p in extra.rglob("*") if p.suffix.lower() in (".jpg", ".png"))
    names, kinds, blobs = [], [], []
    for file in [*panoramas, *photos[:most]]:
        image = cv2.imread(str(file), cv2.IMREAD_COLOR)
        if image is None:
            raise BadInput(f"{file}: not a readable picture")
        wide = file in panoramas
        image = _shrink(image, 1024 if wide else PHOTO_SIDE_PX)
        blobs.append(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 88])[1].ravel())
        names.append(file.stem)
        kinds.append("panorama" if wide else "photo")
    return {
        "photo_names": np.array(names),
        "photo_kinds": np.array(kinds),
        "photo_sizes": np.array([len(blob) for blob in blobs]),
        "photo_bytes": np.concatenate(blobs),
    }


def _shrink(image: NDArray, side: int) -> NDArray:
    import cv2

    scale = side / max(image.shape[:2])
    if scale >= 1:
        return image
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
