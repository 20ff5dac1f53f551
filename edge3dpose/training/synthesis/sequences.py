"""Rendered sequences: one person, outfit, light and camera over some seconds, with exact truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge3dpose.skeletons import lean_rad
from edge3dpose.training.synthesis import appearance, backdrop, camera, degrade
from edge3dpose.training.synthesis.assets import Assets, Person, Split, load_assets
from edge3dpose.training.synthesis.camera import CropCamera
from edge3dpose.training.synthesis.movement import Movement, draw_movement
from edge3dpose.training.synthesis.outfits import Outfits
from edge3dpose.training.synthesis.render import Renderer
from edge3dpose.training.synthesis.skinning import PosedBody
from edge3dpose.training.synthesis.synthesizer import SPLITS

OVERHEAD = 0.12  # share of the cameras that look from 50 to 85 degrees above
OCCLUDED = 0.3  # share of the sequences that something passes in
HAND_HELD, FOLLOWING = 0.2, 0.25  # share of the cameras that shake, and that turn with the person
NEAREST_M = 1.2
CAPTURED_LEG_M = 0.86  # hip to ankle of the captured people, whose steps are scaled to the body


@dataclass(frozen=True)
class SequenceFrame:
    """A frame of a sequence."""

    image: NDArray[np.uint8]  # (S, S, 3) BGR
    crop: CropCamera
    frame: CropCamera  # the same, not turned with the person: the axes of the labels
    joints_mm: NDArray[np.float64]  # (17, 3) from the camera


class SequenceSynthesizer:
    """Draws sequences; the same assets, split, size, length, rate and seed give the same one."""

    def __init__(
        self, assets: Path | Assets, split: Split = "train", size: int = 256, fps: float = 30.0
    ) -> None:
        self._assets = assets if isinstance(assets, Assets) else load_assets(assets, split)
        self._number = SPLITS[split]
        self._size, self.fps = size, fps
        self._outfits = Outfits(self._assets)
        self._backdrops = backdrop.Backdrops(self._assets)
        self._renderer: Renderer | None = None

    def frames(self, seed: int, count: int) -> Iterator[SequenceFrame]:
        """The frames of the sequence of that seed."""
        rng = np.random.default_rng([seed, self._number, 7])
        person = self._assets.people[rng.integers(len(self._assets.people))]
        moved = draw_movement(rng, self._assets.clips, count, self.fps)
        bodies = self._bodies(rng, person, moved)
        cameras = draw_cameras(rng, self._size, body_path_m(bodies[0].joints_m, moved), self.fps)
        light = appearance.draw_light(rng, cameras[0].rotation[:, 1])
        look = appearance.draw_appearance(rng, self._assets, person)
        parts = self._outfits.parts(person, look)
        crops = Crops(rng, self.fps)
        passing = self._passing(rng, count)
        picture_seed = int(rng.integers(1 << 30))
        for n, (body, frame) in enumerate(zip(bodies, cameras, strict=True)):
            crop, upright = crops.around(frame, body)
            renderer = self._begin(crop, light)
            renderer.person(parts, body, look, self._backdrops.cloth, None)
            drawn = renderer.finish()
            # the same draws in every frame: the same place and the same lens
            fixed = np.random.default_rng(picture_seed)
            floor_m = float(bodies[0].joints_m[:, 1].min()) - 0.08
            behind = self._backdrops.draw(fixed, crop, floor_m)
            image = np.where(drawn.cover[..., None] > 0, drawn.bgr, behind)
            image = passing.over(image, n)
            fixed = np.random.default_rng(picture_seed + 1)
            image = degrade.degrade(fixed, image)
            image = degrade.black_outside(image, crop.frame_px) if crops.framed else image
            yield SequenceFrame(image, crop, upright, upright.to_camera_mm(body.joints_m))

    def _bodies(self, rng: np.random.Generator, person: Person, moved: Movement) -> list[PosedBody]:
        rig = self._outfits.rig(person)
        grip = (float(rng.beta(1.2, 2.5)), float(rng.beta(1.2, 2.5)))
        return [rig.pose(segments, grip) for segments in moved.segments]

    def _begin(self, crop: CropCamera, light: appearance.Light) -> Renderer:
        if self._renderer is None:
            self._renderer = Renderer(self._size)
        self._renderer.begin(crop, light)
        return self._renderer

    def _passing(self, rng: np.random.Generator, frames: int) -> Passing:
        if rng.random() >= OCCLUDED:
            return Passing(None, 0.0, (0.0, 0.0))
        cover = lambda: self._backdrops.cover(rng, self._size)  # noqa: E731
        occluder = degrade.draw_occluder(rng, self._size, cover)
        still = rng.random() < 0.3
        step = np.zeros(2) if still else rng.normal(0, self._size / self.fps, 2)
        return Passing(occluder, float(rng.uniform(0, frames)), (float(step[0]), float(step[1])))


@dataclass(frozen=True)
class Passing:
    """An occluder that moves through the crop at an even speed; None for none."""

    occluder: degrade.Occluder | None
    middle_frame: float  # when it is where it was drawn
    step_px: tuple[float, float]  # a frame

    def over(self, image: NDArray, frame: int) -> NDArray:
        """The picture of a frame with it."""
        if self.occluder is None:
            return image
        since = frame - self.middle_frame
        return self.occluder.over(image, (since * self.step_px[0], since * self.step_px[1]))[0]


class Crops:
    """Crops that are a little wrong, as they are where each comes from the pose before it.

    framed  whether they end at the camera's frame
    """

    def __init__(self, rng: np.random.Generator, fps: float) -> None:
        self._rng, self._fps = rng, fps
        self._size = float(np.exp(rng.normal(0, 0.06)))
        self._errors = np.zeros(4)  # across, down, log of the side, angle; 1 sigma is 1
        self._errors = rng.normal(size=4)
        self.framed = bool(rng.random() < 0.5)

    def around(self, frame: CropCamera, body: PosedBody) -> tuple[CropCamera, CropCamera]:
        """The crop about a body, turned upright, and the same not turned."""
        keep = float(np.exp(-1 / (0.25 * self._fps)))  # errors last a quarter of a second
        fresh = self._rng.normal(size=4) * np.sqrt(1 - keep**2)
        self._errors = keep * self._errors + fresh
        across, down, size, angle = self._errors
        root = frame.translation_m
        side = camera.CROP_SIDE_MM / 1000 * self._size * np.exp(0.04 * size) / root[2]
        middle = root[:2] / root[2] + np.array([across, down]) * 0.015 * side
        focal = frame.side_px / side
        centre = frame.side_px / 2 - focal * middle
        reach = focal / frame.focal_px  # the whole frame, from the frame camera's pixels
        x0, y0, x1, y1 = frame.frame_px
        at = frame.centre_px
        edges = (
            float((x0 - at[0]) * reach + centre[0]),
            float((y0 - at[1]) * reach + centre[1]),
            float((x1 - at[0]) * reach + centre[0]),
            float((y1 - at[1]) * reach + centre[1]),
        )
        upright = replace(
            frame,
            focal_px=float(focal),
            centre_px=(float(centre[0]), float(centre[1])),
            frame_px=edges,
        )
        lean = lean_rad(upright.project(upright.to_camera_mm(body.joints_m)))
        return upright.turned(0.07 * angle - lean), upright


def body_path_m(joints_m: NDArray, moved: Movement) -> NDArray[np.float64]:
    """(frames, 3) path of a body (17, 3) whose steps have the length of its legs."""
    leg = np.linalg.norm(joints_m[1] - joints_m[2]) + np.linalg.norm(joints_m[2] - joints_m[3])
    return moved.root_m * (leg / CAPTURED_LEG_M)


def draw_cameras(
    rng: np.random.Generator, side_px: int, root_m: NDArray, fps: float
) -> list[CropCamera]:
    """The camera of each frame: it stands, shakes in a hand, or turns with the person.

    root_m  (frames, 3) of the pelvis in the world
    """
    first = camera.draw_camera(rng, side_px, OVERHEAD)
    at_m = -first.rotation.T @ first.translation_m  # of the camera
    kind = rng.random()
    shake = _shaking(rng, len(root_m), fps) if kind < HAND_HELD else np.zeros((len(root_m), 3))
    aim = first.translation_m / np.linalg.norm(first.translation_m)
    cameras = []
    turn = first.rotation
    follows = kind > 1 - FOLLOWING
    for place, angle in zip(root_m, shake, strict=True):
        away = place - at_m
        far = float(np.linalg.norm(away))
        if far < NEAREST_M:  # the person is about to walk through the camera, which steps back
            at_m = place - away / max(far, 1e-6) * NEAREST_M
            away = place - at_m
        ray = turn @ away
        ray /= np.linalg.norm(ray)
        out = float(np.degrees(np.arccos(np.clip(ray @ aim, -1, 1))))
        if follows or out > 30:
            turn = _towards(ray, aim, 0.15 if out < 45 else 1.0) @ turn
        now = _small_turn(angle) @ turn
        cameras.append(replace(first, rotation=now, translation_m=now @ away))
    return cameras


def _shaking(rng: np.random.Generator, frames: int, fps: float) -> NDArray[np.float64]:
    """(frames, 3) radians: smooth, one or two degrees."""
    keys = rng.normal(0, np.radians(1.5), (max(2, int(frames / fps * 3) + 2), 3))
    at = np.linspace(0, len(keys) - 1, frames)
    smooth = [np.interp(at, np.arange(len(keys)), keys[:, axis]) for axis in range(3)]
    blurred = cv2.GaussianBlur(np.stack(smooth, 1), (1, 0), 0.1 * fps, sigmaY=0.1 * fps)
    return np.asarray(blurred, float)


def _towards(ray: NDArray, aim: NDArray, share: float) -> NDArray[np.float64]:
    """(3, 3) that turns a ray of the camera a share of the way to where it should be."""
    axis = np.cross(ray, aim)
    sine = np.linalg.norm(axis)
    if sine < 1e-9:
        return np.eye(3)
    return _small_turn(axis / sine * float(np.arctan2(sine, ray @ aim)) * share)


def _small_turn(vector: NDArray) -> NDArray[np.float64]:
    """(3,) axis times radians -> (3, 3)."""
    return np.asarray(cv2.Rodrigues(np.asarray(vector, float))[0])
