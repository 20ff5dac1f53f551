"""Appearance of a person and the light, drawn at random: outfit, colours, patterns, lamps.

Colours are BGR, 0..1.
"""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge3dpose.training.synthesis.assets import Assets, Garment, Person
from edge3dpose.training.synthesis.bodies import (
    BEARD,
    BROWS,
    EYE,
    HAIR,
    HAT,
    LIPS,
    PUPIL,
    SCALP,
    SHOES,
    SKIN,
)

PATTERNS = ("plain", "stripes", "checks", "dots", "blotches", "gradient", "logo", "photo")
SLOTS = 8
# Darkest to lightest skin in RGB; a draw lies between two neighbours.
SKIN_TONES = np.array(
    [[58, 36, 26], [96, 62, 44], [141, 95, 66], [184, 134, 100], [222, 178, 146], [242, 208, 184]]
)
HAIR_TONES = np.array(
    [[18, 15, 14], [44, 30, 22], [84, 54, 32], [140, 96, 52], [190, 156, 100], [150, 146, 142]]
)


@dataclass(frozen=True)
class Appearance:
    """The garments and colours of one person."""

    garments: tuple[Garment, ...]
    coat: tuple[float, float, float, float]  # see shaders: sleeve end, hem, waist, trousers' end
    puff_m: tuple[float, float]
    colour: NDArray[np.float32]  # (8, 4) by slot, gloss last
    second: NDArray[np.float32]  # (8, 4) pattern kind last
    pattern: NDArray[np.float32]  # (8, 4)
    tints: NDArray[np.float32]  # (6, 4) by tint, how far it covers the skin last
    cloth: int | None  # number of the photo of the "photo" pattern


@dataclass(frozen=True)
class Light:
    """Lamps in camera axes (x right, y down, z forward), and light from above and below."""

    towards: NDArray[np.float32]  # (3, 3) unit vectors to the lamps
    colour: NDArray[np.float32]  # (3, 3)
    sky: NDArray[np.float32]
    ground: NDArray[np.float32]


def draw_appearance(rng: np.random.Generator, assets: Assets, person: Person) -> Appearance:
    """An outfit that fits: half of them meshes, half painted on the skin and puffed out."""
    suits, shoes, hats, hair = _wardrobe(assets, person)
    mesh_suit = bool(suits) and rng.random() < 0.5
    garments: list[Garment] = []
    if mesh_suit:
        garments.append(suits[rng.integers(len(suits))])
    if shoes and rng.random() < (0.9 if mesh_suit else 0.7):
        garments.append(shoes[rng.integers(len(shoes))])
    hat = bool(hats) and rng.random() < 0.06
    if hat:
        garments.append(hats[rng.integers(len(hats))])
    elif hair and rng.random() < 0.75:
        garments.append(hair[rng.integers(len(hair))])
    coat, puff = (_underwear(person), (0.0, 0.0)) if mesh_suit else _painted_coat(rng, person)
    colour, second, pattern = _colours(rng, assets)
    tints = _face(rng, person, colour)
    number = int(rng.integers(1 << 30))
    cloth = number if (second[:, 3] == PATTERNS.index("photo")).any() else None
    return Appearance(tuple(garments), coat, puff, colour, second, pattern, tints, cloth)


def draw_light(rng: np.random.Generator, up: NDArray) -> Light:
    """One to three lamps, mostly from above, some tinted; ``up`` in camera axes."""
    count = rng.integers(1, 4)
    towards = rng.normal(size=(3, 3)) + 0.9 * up + np.array([0, 0, -0.4])
    towards /= np.linalg.norm(towards, axis=1, keepdims=True)
    power = rng.uniform(0.3, 0.9, 3) * (np.arange(3) < count) / np.sqrt(count)
    colour = power[:, None] * _cast(rng, 3, 0.12)
    ambient = rng.uniform(0.3, 0.75)
    sky = ambient * _cast(rng, 1, 0.1)[0]
    return Light(
        towards.astype(np.float32),
        colour.astype(np.float32),
        sky.astype(np.float32),
        (sky * rng.uniform(0.35, 0.9)).astype(np.float32),
    )


def _cast(rng: np.random.Generator, count: int, spread: float) -> NDArray:
    return 1 + rng.normal(0, spread, (count, 3))


def _wardrobe(assets: Assets, person: Person) -> tuple[list[Garment], ...]:
    other_gender = "male_" if person.gender > 0.5 else "female_"
    suits = [g for g in assets.garments if "suit" in g.name and not g.name.startswith(other_gender)]
    shoes = [g for g in assets.garments if g.name.startswith("shoes")]
    hats = [g for g in assets.garments if g.name.startswith("fedora")]
    hair = [g for g in assets.garments if g.mesh.attributes[0, 8] == HAIR]
    short = [g for g in hair if g.name.startswith(("short", "afro"))]
    return suits, shoes, hats, hair if person.gender > 0.5 else short


def _underwear(person: Person) -> tuple[float, float, float, float]:
    return (0.95 if person.gender > 0.5 else -1.0, 0.1, 0.75, 1.12)


def _painted_coat(
    rng: np.random.Generator, person: Person
) -> tuple[tuple[float, float, float, float], tuple[float, float]]:
    """Top: none, tank top, T-shirt, long sleeves; below: briefs, shorts, three quarters, long."""
    bare = person.gender <= 0.5 and rng.random() < 0.15
    sleeve = rng.choice([rng.uniform(0.8, 0.95), rng.uniform(1.25, 1.8), rng.uniform(2.2, 3.0)])
    length = rng.choice([1.12, rng.uniform(1.25, 1.9), rng.uniform(2.1, 2.6), 3.0])
    hem = rng.choice([rng.uniform(0.1, 0.5), rng.uniform(0.6, 1.0), rng.uniform(1.0, 1.3)])
    coat = (-1.0 if bare else float(sleeve), float(hem), float(rng.uniform(0.2, 0.7)), length)
    puff = np.abs(rng.normal(0, 0.010, 2)) + 0.002
    return coat, (float(puff[0]), float(puff[1]))


def _colours(rng: np.random.Generator, assets: Assets) -> tuple[NDArray, NDArray, NDArray]:
    kinds = [
        i
        for i, name in enumerate(PATTERNS)
        if name == "plain" or (name in assets.held_out_patterns) == (assets.split == "held-out")
    ]
    colour, second = np.zeros((SLOTS, 4)), np.zeros((SLOTS, 4))
    colour[:, :3] = [_cloth(rng) for _ in range(SLOTS)]
    second[:, :3] = [_cloth(rng) for _ in range(SLOTS)]
    colour[:, 3] = rng.choice([0.0, 0.05, 0.25], SLOTS, p=[0.5, 0.35, 0.15])
    plain = rng.random(SLOTS) < 0.45
    second[:, 3] = np.where(plain, 0, rng.choice(kinds, SLOTS))
    second[[SHOES, HAT, EYE], 3] = 0
    colour[SKIN, :3] = _between(rng, SKIN_TONES)
    colour[EYE, :3] = 0.85
    colour[SKIN, 3] = rng.uniform(0.0, 0.15)
    colour[HAIR, :3] = _between(rng, HAIR_TONES) if rng.random() < 0.95 else _cloth(rng)
    second[[SKIN, HAIR], 3] = 0
    turn = rng.choice([0, np.pi / 2, rng.uniform(0, np.pi)], SLOTS)
    frequency = np.exp(rng.uniform(np.log(4), np.log(40), SLOTS))
    pattern = np.stack([frequency, np.cos(turn), np.sin(turn), rng.uniform(0, 0.35, SLOTS)], 1)
    pattern[HAIR, 3] = 0.5
    return colour.astype(np.float32), second.astype(np.float32), pattern.astype(np.float32)


def _cloth(rng: np.random.Generator) -> NDArray:
    """Any hue; half of the colours nearly grey, black or white."""
    saturation = rng.choice([rng.uniform(0, 0.12), rng.uniform(0.1, 0.9)])
    rgb = colorsys.hsv_to_rgb(rng.random(), saturation, rng.uniform(0.05, 0.95))
    return np.array(rgb)[::-1]


def _between(rng: np.random.Generator, tones: NDArray) -> NDArray:
    place = rng.uniform(0, len(tones) - 1.001)
    low, share = int(place), place % 1
    rgb = tones[low] * (1 - share) + tones[low + 1] * share
    return rgb[::-1] / 255 * rng.uniform(0.9, 1.1)


def _face(rng: np.random.Generator, person: Person, colour: NDArray) -> NDArray[np.float32]:
    skin, hair = colour[SKIN, :3], colour[HAIR, :3]
    tints = np.zeros((6, 4), np.float32)
    tints[LIPS] = [*(skin * np.array([0.75, 0.65, 1.0])), 0.8]
    tints[BROWS] = [*(hair * 0.8), 0.85]
    tints[PUPIL] = [*rng.uniform(0.02, 0.25, 3), 1]
    tints[SCALP] = [*hair, rng.choice([0.0, 0.5, 1.0], p=[0.1, 0.2, 0.7])]
    beard = rng.choice([0.0, 0.35, 0.9], p=[0.55, 0.25, 0.2])
    tints[BEARD] = [*hair, beard if person.gender <= 0.5 else 0]
    return tints
