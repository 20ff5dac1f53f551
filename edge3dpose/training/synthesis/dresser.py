"""Puts garments on bodies: the parts to draw, the bones to pose."""

from __future__ import annotations

from functools import partial

import numpy as np

from edge3dpose.training.synthesis.assets import Assets, Garment, Person
from edge3dpose.training.synthesis.bodies import BODY_VERTICES
from edge3dpose.training.synthesis.looks import Look
from edge3dpose.training.synthesis.render import Part
from edge3dpose.training.synthesis.skinning import BodyRig


class Dresser:
    """Keeps one rig a body."""

    def __init__(self, assets: Assets) -> None:
        self._assets = assets
        self._rigs: dict[int, BodyRig] = {}

    def rig(self, person: Person) -> BodyRig:
        """The person's bones, ready to be posed."""
        if person.number not in self._rigs:
            skin = person.vertices_m[:BODY_VERTICES]
            top = skin[skin[:, 1].argmax()]
            self._rigs[person.number] = BodyRig(
                self._assets.bone_names, self._assets.bone_parents, person.heads_m, top
            )
        return self._rigs[person.number]

    def parts(self, person: Person, look: Look) -> list[Part]:
        """The body without what its clothes hide, and the clothes."""
        hiding = [g for g in look.garments if g.hides.any()]
        hidden = np.any([g.hides for g in hiding], axis=0) if hiding else None
        key = "+".join(sorted(g.name for g in hiding))
        body = Part(
            "body",
            self._assets.body_mesh,
            ("body", person.number),
            lambda: person.vertices_m,
            key,
            hidden,
        )
        return [body, *(_garment(garment, person) for garment in look.garments)]


def _garment(garment: Garment, person: Person) -> Part:
    fit = partial(garment.fit, person.vertices_m)
    return Part(garment.name, garment.mesh, (garment.name, person.number), fit, "", None)
