"""Draws synthetic people: a seed -> a crop with exact labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge3dpose.skeletons import lean_rad
from edge3dpose.training.synthesis import appearance, backdrop, camera, degrade, motion
from edge3dpose.training.synthesis.assets import Assets, Person, Split, load_assets
from edge3dpose.training.synthesis.camera import CropCamera
from edge3dpose.training.synthesis.collision import limbs_cross
from edge3dpose.training.synthesis.outfits import Outfits
from edge3dpose.training.synthesis.render import Rendered, Renderer
from edge3dpose.training.synthesis.skinning import PosedBody

SECOND_PERSON, OCCLUDER, FRAME_EDGE, SHADOW = 0.15, 0.25, 0.3, 0.5
LEAST_FRAMED = 0.4  # of the crop: with less of it in the frame, the edge is left out
LEAN_STD = 0.26  # radians (15 degrees), of the trunk in crops that are turned upright
POSE_TRIES = 4  # then a pose is taken whose limbs cross
SPLITS: dict[Split, int] = {"train": 0, "held-out": 1}

# How far behind the visible surface a joint lies when nothing else covers it, metres.
FLESH_M = np.array([
    *(0.24, 0.22, 0.12, 0.12, 0.22, 0.12, 0.12),  # pelvis, right leg, left leg
    *(0.24, 0.2, 0.2, 0.16, 0.16, 0.1, 0.09, 0.16, 0.1, 0.09),  # trunk, head, left arm, right arm
])  # fmt: skip


@dataclass(frozen=True)
class SyntheticSample:
    """A crop and its exact labels. Joints in the order of skeletons.H36M17."""

    image: NDArray[np.uint8]  # (S, S, 3) BGR
    uvz: NDArray[np.float32]  # (17, 3): crop px / S twice, depth 0.5 at the pelvis
    joints_mm: NDArray[np.float32]  # (17, 3) from the camera
    inside: NDArray[np.bool_]  # (17,) projects inside the crop
    visible: NDArray[np.bool_]  # (17,) inside, and nothing hides it
    mask: NDArray[np.bool_]  # (S, S) a person is drawn here (before occluders)
    focal_px: float  # of the crop's own pinhole, in crop pixels
    centre_px: tuple[float, float]
    side_px: int  # S
    root_depth_mm: float
    z_range_mm: float  # 2000 * side_px * root_depth / (focal * 2250)
    scale: float  # crop side in units of 2.25 m
    elevation_deg: float  # camera above the person
    down: NDArray[np.float64]  # (3,) direction of gravity, camera axes


@dataclass(frozen=True, slots=True)
class RenderSettings:
    """What is drawn.

    widen     poses beyond the captured ones
    upright   share of the crops that are turned until the trunk is upright, as at run time
    overhead  share of the people who are seen from 50 to 85 degrees above
    augment   occluders, blur, noise, colour casts and frame edges
    msaa      samples a pixel, 0 for hard edges
    """

    widen: bool = True
    upright: float = 0.0
    overhead: float = 0.0
    augment: bool = True
    msaa: int = 0


class Synthesizer:
    """Draws samples; the same assets, split, size, settings and seed give the same sample.

    Opens an OpenGL context at the first sample, so that it may be sent to a worker before.
    """

    def __init__(
        self,
        assets: Path | Assets,
        split: Split = "train",
        size: int = 256,
        settings: RenderSettings | None = None,
    ) -> None:
        self._assets = assets if isinstance(assets, Assets) else load_assets(assets, split)
        self._split_number = SPLITS[split]
        self._size = size
        self._settings = settings or RenderSettings()
        self._outfits = Outfits(self._assets)
        self._backdrops = backdrop.Backdrops(self._assets)
        self._renderer: Renderer | None = None

    def sample(self, seed: int) -> SyntheticSample:
        """The sample of that seed."""
        rng, crop, person, posed = self._posed(seed)
        light = appearance.draw_light(rng, crop.rotation[:, 1])
        drawn = self._drawn(rng, crop, person, posed, light)
        image = self._composed(rng, crop, posed, drawn)
        if not self._settings.augment:
            nothing = np.zeros(drawn.cover.shape, bool)
            return _labelled(crop, posed, drawn, image, nothing, self._whole)
        hidden = np.zeros(drawn.cover.shape, bool)
        if rng.random() < OCCLUDER:
            cover = lambda: self._backdrops.cover(rng, self._size)  # noqa: E731
            image, hidden = degrade.draw_occluder(rng, self._size, cover).over(image)
        image = degrade.degrade(rng, image)
        frame = self._whole
        if rng.random() < FRAME_EDGE and crop.framed_share > LEAST_FRAMED:
            frame = crop.frame_px
        image = degrade.black_outside(image, frame)
        return _labelled(crop, posed, drawn, image, hidden, frame)

    def posed(self, seed: int) -> tuple[CropCamera, PosedBody]:
        """Camera and body of the sample of that seed, without its picture."""
        _, crop, _, body = self._posed(seed)
        return crop, body

    def close(self) -> None:
        """Free the buffers on the graphics side; a later sample makes new ones."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    @property
    def _whole(self) -> tuple[float, float, float, float]:
        return (0.0, 0.0, float(self._size), float(self._size))

    def _posed(self, seed: int) -> tuple[np.random.Generator, CropCamera, Person, PosedBody]:
        rng = np.random.default_rng([seed, self._split_number])
        crop = camera.draw_camera(rng, self._size, self._settings.overhead)
        person, body = self._posed_person(rng)
        upright = self._settings.upright
        if upright and rng.random() < upright:
            lean = lean_rad(crop.project(crop.to_camera_mm(body.joints_m)))
            crop = crop.turned(rng.normal(0, LEAN_STD) - lean)
        return rng, crop, person, body

    def _posed_person(self, rng: np.random.Generator) -> tuple[Person, PosedBody]:
        person = self._assets.people[rng.integers(len(self._assets.people))]
        grip = (float(rng.beta(1.2, 2.5)), float(rng.beta(1.2, 2.5)))
        for _ in range(POSE_TRIES):
            segments = motion.draw_segments(rng, self._assets.clips, self._settings.widen)
            posed = self._outfits.rig(person).pose(segments, grip)
            if not limbs_cross(posed.joints_m):
                break
        return person, posed

    def _drawn(
        self,
        rng: np.random.Generator,
        crop: CropCamera,
        person: Person,
        posed: PosedBody,
        light: appearance.Light,
    ) -> Rendered:
        if self._renderer is None:
            self._renderer = Renderer(self._size, self._settings.msaa)
        self._renderer.begin(crop, light)
        self._draw_person(rng, person, posed, None)
        if rng.random() < SECOND_PERSON:
            aside = rng.choice([-1, 1]) * rng.uniform(0.25, 1.1)
            depth = rng.uniform(0.3, 2.5) if rng.random() < 0.7 else rng.uniform(-0.6, -0.25)
            depth = max(depth, 0.9 - crop.root_depth_mm / 1000)
            other, other_posed = self._posed_person(rng)
            self._draw_person(rng, other, other_posed, np.array([aside, 0.0, depth]))
        return self._renderer.finish()

    def _draw_person(
        self, rng: np.random.Generator, person: Person, posed: PosedBody, offset: NDArray | None
    ) -> None:
        assert self._renderer is not None
        drawn = appearance.draw_appearance(rng, self._assets, person)
        parts = self._outfits.parts(person, drawn)
        self._renderer.person(parts, posed, drawn, self._backdrops.cloth, offset)

    def _composed(
        self, rng: np.random.Generator, crop: CropCamera, posed: PosedBody, drawn: Rendered
    ) -> NDArray[np.uint8]:
        floor_m = float(posed.joints_m[:, 1].min()) - 0.08
        behind = self._backdrops.draw(rng, crop, floor_m)
        if rng.random() < SHADOW:
            factor = backdrop.shadow(rng, crop, posed.joints_m, floor_m)
            behind = cv2.multiply(behind, cv2.merge([factor] * 3), dtype=cv2.CV_8U)
        if not self._settings.msaa:
            return np.where(drawn.cover[..., None] > 0, drawn.bgr, behind)
        share = drawn.cover[..., None] / np.float32(255)  # bgr has been weighted already
        return (drawn.bgr + behind * (1 - share)).astype(np.uint8)


def _labelled(
    crop: CropCamera,
    posed: PosedBody,
    drawn: Rendered,
    image: NDArray,
    hidden: NDArray,
    frame: tuple[float, float, float, float],
) -> SyntheticSample:
    joints = crop.to_camera_mm(posed.joints_m)
    pixels = crop.project(joints)
    inside = ((pixels >= 0) & (pixels < crop.side_px)).all(1) & (joints[:, 2] > 0)
    return SyntheticSample(
        image=image,
        uvz=crop.to_cube(joints),
        joints_mm=joints.astype(np.float32),
        inside=inside,
        visible=inside & _seen(pixels, joints[:, 2] / 1000, drawn, hidden, frame),
        mask=drawn.cover > 127,
        focal_px=crop.focal_px,
        centre_px=crop.centre_px,
        side_px=crop.side_px,
        root_depth_mm=crop.root_depth_mm,
        z_range_mm=crop.z_range_mm,
        scale=crop.z_range_mm / camera.Z_RANGE_MM,
        elevation_deg=crop.elevation_deg,
        down=-crop.rotation[:, 1],
    )


def _seen(
    pixels: NDArray,
    depth_m: NDArray,
    drawn: Rendered,
    hidden: NDArray,
    frame: tuple[float, float, float, float],
) -> NDArray[np.bool_]:
    """(17,) the surface in front of a joint is no nearer than its own body part's."""
    last = len(hidden) - 1
    column, row = np.clip(pixels, 0, last).astype(int).T
    clear = depth_m - drawn.depth_m[row, column] < FLESH_M
    x0, y0, x1, y1 = frame
    framed = (pixels[:, 0] >= x0) & (pixels[:, 0] < x1) & (pixels[:, 1] >= y0) & (pixels[:, 1] < y1)
    return clear & framed & ~hidden[row, column]
