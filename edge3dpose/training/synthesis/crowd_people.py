"""The people of a crowd: who they are, how they move, and where their feet stand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge3dpose import rotations
from edge3dpose.errors import BadInput
from edge3dpose.training.synthesis import appearance, crowd_paths, gaits
from edge3dpose.training.synthesis.assets import Assets, Person
from edge3dpose.training.synthesis.bodies import BODY_VERTICES
from edge3dpose.training.synthesis.crowd_paths import Ground, Way
from edge3dpose.training.synthesis.outfits import Outfits
from edge3dpose.training.synthesis.render import Part
from edge3dpose.training.synthesis.sequences import CAPTURED_LEG_M
from edge3dpose.training.synthesis.skinning import BodyRig, PosedBody

RUNNERS = 0.1  # share of those who cross the view
SOLE_M = 0.04  # vertices of the skin below that are the sole of a foot
SHOE_M = 0.01
_UP = np.array([0.0, 1.0, 0.0])


@dataclass(frozen=True)
class Walker:
    """One person of a crowd. World axes: y up, the camera above the origin, looking along -z."""

    number: int  # of the body
    role: str
    look: appearance.Appearance
    parts: list[Part]
    rig: BodyRig
    soles: tuple[NDArray, NDArray, NDArray]  # (n, 4) bones, (n, 4) weights, (n, 4) rest and 1
    grip: tuple[float, float]
    turns: NDArray[np.float64]  # (T, 22, 4)
    ground_m: NDArray[np.float64]  # (T, 2) x and distance ahead

    def posed(self, frame: int) -> tuple[PosedBody, NDArray[np.float64]]:
        """The body about its pelvis, and where the pelvis is (3,): the lower foot on the ground."""
        body = self.rig.pose(self.turns[frame], self.grip)
        bones, weights, rest = self.soles
        skinned = np.einsum("nk,nkij,nj->ni", weights, body.bones[bones].astype(float), rest)
        x, ahead = self.ground_m[frame]
        return body, np.array([x, SHOE_M - skinned[:, 1].min(), -ahead])


def draw_walkers(
    rng: np.random.Generator, assets: Assets, outfits: Outfits, people: int, ground: Ground
) -> list[Walker]:
    """So many different people, with ways that do not meet. BadInput where the assets lack some."""
    if people > len(assets.people):
        raise BadInput(f"{people} people in a crowd: the assets have {len(assets.people)} bodies")
    steps, fast, still = (some(assets.clips) for some in (gaits.walks, gaits.runs, gaits.on_spot))
    if not steps:
        raise BadInput("the assets have no clip of someone who walks straight on")
    chosen = [assets.people[n] for n in rng.permutation(len(assets.people))[:people]]
    cycles = []
    for n in range(people):
        crosses = crowd_paths.ROLES[n % len(crowd_paths.ROLES)] == "cross"
        runner = bool(fast) and crosses and rng.random() < RUNNERS
        clips = fast if runner else steps
        cycles.append(gaits.gait(clips[rng.integers(len(clips))], "run" if runner else "walk"))
    rigs = [outfits.rig(person) for person in chosen]
    sizes = [_leg_m(rig) / CAPTURED_LEG_M for rig in rigs]
    speeds = [
        cycle.speed_m_s * size * float(rng.uniform(0.85, 1.1))
        for cycle, size in zip(cycles, sizes, strict=True)
    ]
    ways = crowd_paths.plan(rng, ground, speeds)
    walkers = []
    for person, cycle, size, way in zip(chosen, cycles, sizes, ways, strict=True):
        if way.role == "stand" and still:
            clip = still[rng.integers(len(still))]
            turns, shifts = gaits.piece(rng, clip, ground.frames, ground.fps)
            shifts = _turned(shifts * size, way.heading_rad)
        else:
            turns, shifts = cycle.at(way.gone_m / size + rng.uniform(0, 2)), np.zeros((1, 2))
        heading = rotations.about(_UP, np.degrees(np.pi - way.heading_rad))
        turns = rotations.multiply(heading[:, None], turns)
        walkers.append(_dressed(rng, assets, outfits, person, (way, turns, way.place_m + shifts)))
    return walkers


def _dressed(
    rng: np.random.Generator,
    assets: Assets,
    outfits: Outfits,
    person: Person,
    moved: tuple[Way, NDArray, NDArray],
) -> Walker:
    look = appearance.draw_appearance(rng, assets, person)
    way, turns, ground_m = moved
    return Walker(
        number=person.number,
        role=way.role,
        look=look,
        parts=outfits.parts(person, look),
        rig=outfits.rig(person),
        soles=_soles(assets, person),
        grip=(float(rng.beta(1.2, 2.5)), float(rng.beta(1.2, 2.5))),
        turns=turns,
        ground_m=ground_m,
    )


def _leg_m(rig: BodyRig) -> float:
    straight = np.zeros((1, 22, 4)) + rotations.IDENTITY
    joints = rig.joints_over_time(straight)[0]
    return float(np.linalg.norm(joints[1] - joints[2]) + np.linalg.norm(joints[2] - joints[3]))


def _soles(assets: Assets, person: Person) -> tuple[NDArray, NDArray, NDArray]:
    """Bones, weights and place at rest of the vertices on which a body stands."""
    skin = person.vertices_m[:BODY_VERTICES]
    rows = np.flatnonzero(skin[:, 1] < skin[:, 1].min() + SOLE_M)
    attributes = assets.body_mesh.attributes[rows]
    weights = attributes[:, 4:8].astype(float)
    rest = np.concatenate([skin[rows], np.ones((len(rows), 1))], 1).astype(float)
    return attributes[:, :4].astype(int), weights / weights.sum(1, keepdims=True), rest


def _turned(shifts_m: NDArray, heading_rad: NDArray) -> NDArray[np.float64]:
    """(T, 2) shifts x, z of a clip that faces +z -> x and distance ahead on the ground."""
    angle = np.pi - heading_rad
    x = shifts_m[:, 0] * np.cos(angle) + shifts_m[:, 1] * np.sin(angle)
    z = -shifts_m[:, 0] * np.sin(angle) + shifts_m[:, 1] * np.cos(angle)
    return np.stack([x, -z], 1)
