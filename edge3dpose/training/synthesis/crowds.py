"""Rendered crowds: several people in one place before one camera, with exact truth.

They cross, hide each other, leave the view and come back. The camera stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge3dpose.training.synthesis import appearance, backdrop
from edge3dpose.training.synthesis.assets import Assets, Split, load_assets
from edge3dpose.training.synthesis.camera import CropCamera
from edge3dpose.training.synthesis.crowd_paths import FARTHEST_M, Ground
from edge3dpose.training.synthesis.crowd_people import Walker, draw_walkers
from edge3dpose.training.synthesis.crowd_squares import Square, bounds_px, seen
from edge3dpose.training.synthesis.outfits import Outfits
from edge3dpose.training.synthesis.render import Rendered, Renderer
from edge3dpose.training.synthesis.skinning import PosedBody
from edge3dpose.training.synthesis.synthesizer import SPLITS

PEOPLE = (2, 3, 4, 5, 6, 8)  # of one sequence and the next
SCREENS = 0.5  # share of the sequences in which a screen stands before some of the people
BLUR_PX = 0.6  # no lens is sharper; hides the renderer's hard edges
SHADOW_CELLS = 160


@dataclass(frozen=True)
class CrowdShape:
    """Size and length of the sequences."""

    width: int = 1280
    height: int = 720
    fps: float = 25.0
    seconds: float = 15.0

    @property
    def frames(self) -> int:
        """Of a sequence."""
        return round(self.fps * self.seconds)


@dataclass(frozen=True)
class CrowdFrame:
    """A frame of a sequence; P people, the same row each in every frame."""

    image: NDArray[np.uint8]  # (H, W, 3) BGR
    joints_mm: NDArray[np.float32]  # (P, 17, 3) from the camera
    pixels: NDArray[np.float32]  # (P, 17, 2) frame pixels
    visible: NDArray[np.bool_]  # (P, 17) in the frame, and nothing hides it
    hidden: NDArray[np.float32]  # (P,) share of the person's outline hidden or outside the frame
    boxes: NDArray[np.float32]  # (P, 4) x0 y0 x1 y1 of the outline in the frame; NaN outside


@dataclass(frozen=True)
class Crowd:
    """A sequence that can be rendered."""

    people: list[Walker]
    focal_px: float
    centre_px: tuple[float, float]
    frames: Iterator[CrowdFrame]


@dataclass(frozen=True)
class _Scene:
    """What stays the same in a sequence."""

    camera: CropCamera  # world origin on the ground below it
    light: appearance.Light
    behind: NDArray[np.uint8]  # (H, W, 3) with the screen in it
    depth_m: NDArray[np.float32]  # (H, W) of the screen; infinity beside it
    shadow_seed: int


class CrowdSynthesizer:
    """Draws crowds; the same assets, split, shape and number give the same one."""

    def __init__(
        self, assets: Path | Assets, split: Split = "held-out", shape: CrowdShape | None = None
    ) -> None:
        self._assets = assets if isinstance(assets, Assets) else load_assets(assets, split)
        self._split_number = SPLITS[split]
        self.shape = shape or CrowdShape()
        self._outfits = Outfits(self._assets)
        self._backdrops = backdrop.Backdrops(self._assets)
        self._renderers: dict[int, Renderer] = {}

    def crowd(self, number: int) -> Crowd:
        """The sequence of that number, from 0; PEOPLE says how many are in it."""
        rng = np.random.default_rng([number, self._split_number, 14])
        shape = self.shape
        half = np.radians(rng.uniform(50, 70)) / 2
        focal = shape.width / 2 / np.tan(half)
        camera = _camera(rng, float(focal), shape)
        ground = Ground(float(np.tan(half)), shape.frames, shape.fps)
        count = PEOPLE[number % len(PEOPLE)]
        people = draw_walkers(rng, self._assets, self._outfits, count, ground)
        scene = self._scene(rng, camera)
        frames = self._frames(scene, people)
        return Crowd(people, float(focal), (shape.width / 2, shape.height / 2), frames)

    def close(self) -> None:
        """Free the buffers on the graphics side."""
        for renderer in self._renderers.values():
            renderer.close()
        self._renderers.clear()

    def _scene(self, rng: np.random.Generator, camera: CropCamera) -> _Scene:
        rows = _rows(self.shape)
        behind = self._backdrops.scene(rng, camera, 0.0, FARTHEST_M + rng.uniform(0.8, 3))
        light = appearance.draw_light(rng, camera.rotation[:, 1])
        depth = np.full((self.shape.height, self.shape.width), np.inf, np.float32)
        behind = np.ascontiguousarray(behind[rows])
        if rng.random() < SCREENS:
            self._stand_screen(rng, camera, behind, depth)
        return _Scene(camera, light, behind, depth, int(rng.integers(1 << 30)))

    def _stand_screen(
        self, rng: np.random.Generator, camera: CropCamera, behind: NDArray, depth_m: NDArray
    ) -> None:
        """An upright board that faces the camera, in the middle of those who walk about."""
        ahead, width, high = rng.uniform(3.2, 5.5), rng.uniform(0.5, 1.3), rng.uniform(0.8, 2.2)
        middle = rng.uniform(-0.7, 0.7) * ahead * self.shape.width / 2 / camera.focal_px
        x, y = (middle - width / 2, middle + width / 2), (high, 0.0)
        corners = np.array([[x[0], y[0], -ahead], [x[1], y[0], -ahead], [x[1], y[1], -ahead],
                            [x[0], y[1], -ahead]])  # fmt: skip
        in_camera = camera.to_camera_mm(corners)
        at = camera.project(in_camera) - [0, _rows(self.shape).start]
        picture = self._backdrops.cover(rng, 256)
        source = np.array([[0, 0], [256, 0], [256, 256], [0, 256]], np.float32)
        into = cv2.getPerspectiveTransform(source, at.astype(np.float32))
        size = (self.shape.width, self.shape.height)
        seen = cv2.warpPerspective(np.full((256, 256), 255, np.uint8), into, size) > 127
        behind[seen] = cv2.warpPerspective(picture, into, size)[seen]
        depth_m[seen] = in_camera[:, 2].mean() / 1000

    def _frames(self, scene: _Scene, people: list[Walker]) -> Iterator[CrowdFrame]:
        for frame in range(self.shape.frames):
            posed = [person.posed(frame) for person in people]
            cameras = [
                replace(scene.camera, translation_m=scene.camera.to_camera_mm(at_m) / 1000)
                for _, at_m in posed
            ]
            yield self._frame(scene, people, [body for body, _ in posed], cameras)

    def _frame(
        self,
        scene: _Scene,
        people: list[Walker],
        bodies: list[PosedBody],
        cameras: list[CropCamera],
    ) -> CrowdFrame:
        top = _rows(self.shape).start
        seen_by = list(zip(cameras, bodies, strict=True))
        joints = np.stack([camera.to_camera_mm(body.joints_m) for camera, body in seen_by])
        at = [camera.project(one) for camera, one in zip(cameras, joints, strict=True)]
        pixels = np.stack(at) - [0, top]
        image = _shaded(scene, bodies, cameras, self.shape)
        nearest = scene.depth_m.copy()
        owner = np.full(nearest.shape, -1, np.int8)
        outline = np.zeros(len(people), int)  # pixels of the whole person
        boxes = np.full((len(people), 4), np.nan, np.float32)
        for n, (person, body, camera) in enumerate(zip(people, bodies, cameras, strict=True)):
            square = Square.about(joints[n], pixels[n], camera)
            drawn = self._drawn(scene, person, body, square.of(camera, top))
            outline[n] = int((drawn.cover > 0).sum())
            if (parts := square.in_frame(self.shape.width, self.shape.height)) is None:
                continue
            here, there = parts
            cover, depth = drawn.cover[there] > 0, drawn.depth_m[there]
            boxes[n] = bounds_px(cover, here)
            nearer = cover & (depth < nearest[here])
            nearest[here][nearer] = depth[nearer]
            owner[here][nearer] = n
            image[here][nearer] = drawn.bgr[there][nearer]
        shown = np.bincount(owner[owner >= 0].astype(int), minlength=len(people))
        return CrowdFrame(
            image=np.asarray(cv2.GaussianBlur(image, (0, 0), BLUR_PX), np.uint8),
            joints_mm=joints.astype(np.float32),
            pixels=pixels.astype(np.float32),
            visible=seen(pixels, joints[..., 2] / 1000, nearest),
            hidden=(1 - shown / np.maximum(outline, 1)).astype(np.float32),
            boxes=boxes,
        )

    def _drawn(
        self, scene: _Scene, person: Walker, body: PosedBody, camera: CropCamera
    ) -> Rendered:
        side = camera.side_px
        if side not in self._renderers:
            self._renderers[side] = Renderer(side)
        renderer = self._renderers[side]
        renderer.begin(camera, scene.light)
        renderer.person(person.parts, body, person.look, self._backdrops.cloth)
        return renderer.finish()


def _rows(shape: CrowdShape) -> slice:
    """Rows of the frame in a square as wide as the frame."""
    top = (shape.width - shape.height) // 2
    return slice(top, top + shape.height)


def _camera(rng: np.random.Generator, focal_px: float, shape: CrowdShape) -> CropCamera:
    """A camera over the world's origin, in the middle of a square as wide as the frame."""
    high = rng.uniform(1.3, 2.8)
    # the nearest people's feet or the farthest people's heads may be cut, their trunks not
    down = np.arctan2(high - 0.9, 5.0) + np.radians(rng.normal(0, 1.5))
    cos, sin = np.cos(down), np.sin(down)
    rotation = np.array([[1.0, 0.0, 0.0], [0.0, -cos, sin], [0.0, -sin, -cos]])
    side = shape.width
    return CropCamera(
        rotation,
        rotation @ np.array([0.0, -high, 0.0]),
        focal_px,
        (side / 2, side / 2 + shape.height % 2 / 2),
        side,
        (0.0, float(_rows(shape).start), float(side), float(_rows(shape).stop)),
        float(np.degrees(down)),
    )


def _shaded(
    scene: _Scene, bodies: list[PosedBody], cameras: list[CropCamera], shape: CrowdShape
) -> NDArray[np.uint8]:
    """The background with soft shadows below the people."""
    factor = np.ones((SHADOW_CELLS, SHADOW_CELLS), np.float32)
    by = SHADOW_CELLS / scene.camera.side_px
    for body, camera in zip(bodies, cameras, strict=True):
        x, y = camera.centre_px
        small = replace(
            camera,
            focal_px=camera.focal_px * by,
            centre_px=(x * by, y * by),
            side_px=SHADOW_CELLS,
        )
        fixed = np.random.default_rng(scene.shadow_seed)  # one sun for all
        pelvis_m = -(scene.camera.rotation.T @ (scene.camera.translation_m - camera.translation_m))
        factor *= backdrop.shadow(fixed, small, body.joints_m, -float(pelvis_m[1]))
    whole = cv2.resize(factor, (shape.width, shape.width), interpolation=cv2.INTER_LINEAR)
    shade = np.ascontiguousarray(whole[_rows(shape)])
    shade[np.isfinite(scene.depth_m)] = 1  # the screen stands
    return np.asarray(cv2.multiply(scene.behind, cv2.merge([shade] * 3), dtype=cv2.CV_8U), np.uint8)
