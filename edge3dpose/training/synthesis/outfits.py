"""Bodies in their outfits: the meshes to draw, the bones to pose."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge3dpose.training.synthesis.appearance import Appearance
from edge3dpose.training.synthesis.assets import Assets, Garment, Mesh, Person
from edge3dpose.training.synthesis.bodies import BODY_VERTICES
from edge3dpose.training.synthesis.meshes import vertex_normals
from edge3dpose.training.synthesis.render import Part
from edge3dpose.training.synthesis.skinning import BodyRig


class Outfits:
    """Caches a rig and normals for each body, and the uncovered skin for each outfit."""

    def __init__(self, assets: Assets) -> None:
        self._assets = assets
        self._rigs: dict[int, BodyRig] = {}
        self._shapes: dict[int, NDArray[np.float32]] = {}
        self._skins: dict[str, tuple[NDArray, Mesh]] = {}

    def rig(self, person: Person) -> BodyRig:
        """The person's bones, ready to be posed."""
        if person.number not in self._rigs:
            skin = person.vertices_m[:BODY_VERTICES]
            top = skin[skin[:, 1].argmax()]
            self._rigs[person.number] = BodyRig(
                self._assets.bone_names, self._assets.bone_parents, person.heads_m, top
            )
        return self._rigs[person.number]

    def parts(self, person: Person, appearance: Appearance) -> list[Part]:
        """The body without the skin that its clothes hide, and the clothes."""
        hiding = [garment for garment in appearance.garments if garment.hides.any()]
        key = "+".join(["body", *sorted(garment.name for garment in hiding)])
        rows, mesh = self._skin(key, hiding)
        body = Part(key, mesh, person.number, True, lambda: self._shape(person)[rows])
        return [body, *(_garment(garment, person) for garment in appearance.garments)]

    def _skin(self, key: str, hiding: list[Garment]) -> tuple[NDArray, Mesh]:
        """Base vertices still seen under these garments, and their mesh, numbered anew."""
        if key not in self._skins:
            whole = self._assets.body_mesh
            hidden = np.zeros(len(whole.attributes), bool)
            for garment in hiding:
                hidden |= garment.hides
            seen = whole.triangles[~hidden[whole.triangles].all(1)]
            rows, corners = np.unique(seen, return_inverse=True)
            triangles = corners.reshape(-1, 3).astype(np.uint16)
            self._skins[key] = rows, Mesh(whole.attributes[rows], triangles)
        return self._skins[key]

    def _shape(self, person: Person) -> NDArray[np.float32]:
        if person.number not in self._shapes:
            triangles = self._assets.body_mesh.triangles
            self._shapes[person.number] = with_normals(person.vertices_m, triangles)
        return self._shapes[person.number]


def with_normals(vertices_m: NDArray, triangles: NDArray) -> NDArray[np.float32]:
    """(n, 6) positions and normals."""
    return np.concatenate([vertices_m, vertex_normals(vertices_m, triangles)], 1).astype(np.float32)


def _garment(garment: Garment, person: Person) -> Part:
    return Part(
        garment.name,
        garment.mesh,
        person.number,
        False,
        lambda: with_normals(garment.fit(person.vertices_m), garment.mesh.triangles),
    )
