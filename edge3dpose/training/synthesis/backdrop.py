"""Backgrounds: panoramas seen by the same camera, photos, simple rooms, colours and noise."""

from __future__ import annotations

from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from edge3dpose.training.synthesis.assets import Assets, Photo
from edge3dpose.training.synthesis.camera import CropCamera

Picture: TypeAlias = NDArray[Any]  # uint8 (H, W, 3) BGR
KINDS = ("panorama", "photo", "room", "plain")
SHARES = (0.32, 0.38, 0.2, 0.1)


class Backdrops:
    """Draws backgrounds; keeps the few panoramas decoded."""

    def __init__(self, assets: Assets) -> None:
        self._panoramas = [photo for photo in assets.photos if photo.panorama]
        self._photos = [photo for photo in assets.photos if not photo.panorama]
        self._decoded: dict[str, Picture] = {}

    def draw(self, rng: np.random.Generator, camera: CropCamera, floor_m: float) -> Picture:
        """(S, S, 3) BGR. floor_m: world height of the ground below the pelvis, negative."""
        kind = KINDS[rng.choice(len(KINDS), p=SHARES)]
        if kind == "panorama" and self._panoramas:
            return self._panorama(rng, camera)
        if kind == "photo" and self._photos:
            return self._photo(rng, camera.side_px)
        if kind == "room":
            return self._room(rng, camera, floor_m)
        return plain(rng, camera.side_px)

    def scene(
        self, rng: np.random.Generator, camera: CropCamera, floor_m: float, ahead_m: float
    ) -> Picture:
        """(S, S, 3) a place with a ground: a panorama, or a room whose wall is so far ahead."""
        if rng.random() < 0.6 and self._panoramas:
            return self._panorama(rng, camera)
        ahead = camera.rotation[2] * [1.0, 0.0, 1.0]
        wall = (ahead / np.linalg.norm(ahead)).astype(np.float32)
        return self._walled(rng, camera, floor_m, wall, ahead_m)

    def cover(self, rng: np.random.Generator, side: int) -> Picture:
        """(side, side, 3) piece of a photo, for the surface of an occluder."""
        return self._photo(rng, side) if self._photos else plain(rng, side)

    def cloth(self, number: int) -> Picture:
        """(128, 128, 3) the middle of the photo of that number, any integer."""
        if not self._photos:
            return np.full((128, 128, 3), 128, np.uint8)
        picture = self._open(self._photos[number % len(self._photos)])
        height, width = picture.shape[:2]
        x, y = (width - 128) // 2, (height - 128) // 2
        return picture[max(y, 0) :, max(x, 0) :][:128, :128]

    def _open(self, photo: Photo) -> Picture:
        if photo.name in self._decoded:
            return self._decoded[photo.name]
        picture = np.asarray(cv2.imdecode(photo.jpeg, cv2.IMREAD_COLOR))
        if photo.panorama:
            self._decoded[photo.name] = picture
        return picture

    def _panorama(self, rng: np.random.Generator, camera: CropCamera) -> Picture:
        """A panorama (equirectangular) as this camera sees it, turned by a random heading."""
        picture = self._open(self._panoramas[rng.integers(len(self._panoramas))])
        x, y, z = np.moveaxis(_rays(camera), -1, 0)
        height, width = picture.shape[:2]
        across = (np.arctan2(x, z) / (2 * np.pi) + rng.random()) % 1.0 * width
        down = (0.5 - np.arctan2(y, np.hypot(x, z)) / np.pi) * height
        return cv2.remap(
            picture,
            across.astype(np.float32),
            down.astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_WRAP,
        )

    def _photo(self, rng: np.random.Generator, side: int) -> Picture:
        picture = self._open(self._photos[rng.integers(len(self._photos))])
        height, width = picture.shape[:2]
        edge = int(min(height, width) * rng.uniform(0.35, 1.0))
        x, y = rng.integers(width - edge + 1), rng.integers(height - edge + 1)
        piece = picture[y : y + edge, x : x + edge]
        if rng.random() < 0.5:
            piece = piece[:, ::-1]
        return cv2.resize(piece, (side, side), interpolation=cv2.INTER_LINEAR)

    def _room(self, rng: np.random.Generator, camera: CropCamera, floor_m: float) -> Picture:
        """A room with its wall behind the person, on any side."""
        eye = (-camera.rotation.T @ camera.translation_m).astype(np.float32)
        away = rng.uniform(0, 2 * np.pi)
        wall = np.array([np.sin(away), 0.0, np.cos(away)], np.float32)
        if wall @ eye > 0:  # the wall stands behind the person
            wall = -wall
        return self._walled(rng, camera, floor_m, wall, rng.uniform(0.8, 5.0))

    def _walled(
        self,
        rng: np.random.Generator,
        camera: CropCamera,
        floor_m: float,
        wall: NDArray,
        wall_m: float,
    ) -> Picture:
        """A floor and a wall, each with a surface of its own, where perspective puts them.

        wall    (3,) unit vector towards the wall, level
        wall_m  how far it is from the world's origin
        """
        rays = _rays(camera)
        eye = (-camera.rotation.T @ camera.translation_m).astype(np.float32)
        to_floor = _reach(rays[..., 1], floor_m - eye[1])
        to_wall = _reach(rays @ wall, wall_m - wall @ eye)
        on_floor = to_floor < to_wall
        along = np.cross(wall, [0.0, 1.0, 0.0]).astype(np.float32)
        out = np.empty((*on_floor.shape, 3), np.uint8)
        for here, reach, axes in (
            (on_floor, to_floor, np.eye(3, dtype=np.float32)[[0, 2]]),
            (~on_floor, to_wall, np.stack([along, np.eye(3, dtype=np.float32)[1]])),
        ):
            hit = rays[here] * np.minimum(reach[here], 60.0)[:, None]
            place = eye @ axes.T + hit @ axes.T
            out[here] = self._surface(rng, place[:, 0], place[:, 1])
        return out

    def _surface(self, rng: np.random.Generator, a: NDArray, b: NDArray) -> Picture:
        """(n, 3) colours of points (n,) a and b in metres: a photo repeated, or tiles."""
        if self._photos and rng.random() < 0.5:
            tile = self._photo(rng, 256)
            scale = np.float32(256 / rng.uniform(0.6, 3.0))
            across, down = (np.abs((v * scale) % 512 - 256).astype(np.intp) for v in (a, b))
            return tile[np.minimum(down, 255), np.minimum(across, 255)]
        one, two = rng.uniform(20, 245, (2, 3))
        if rng.random() < 0.6:
            two = one * rng.uniform(0.8, 1.15)
        size = rng.uniform(0.1, 0.9, 2) * rng.choice([1, 8], 2)
        mark = (np.floor(a / size[0]) + np.floor(b / size[1])).astype(np.intp) & 1
        return np.clip([one, two], 0, 255).astype(np.uint8)[mark]


def shadow(
    rng: np.random.Generator, camera: CropCamera, joints_m: NDArray, floor_m: float
) -> NDArray[np.float32]:
    """(S, S) factor of light on the ground under a person: a soft spot below each joint."""
    coarse = 64
    rays = _rays(camera, coarse)
    eye = -camera.rotation.T @ camera.translation_m
    reach = _reach(rays[..., 1], floor_m - eye[1])
    spot = eye[[0, 2]] + rays[..., [0, 2]] * np.minimum(reach, 60.0)[..., None]
    slant = rng.normal(0, 0.5, 2)
    height = joints_m[:, 1] - floor_m
    feet = joints_m[:, [0, 2]] + height[:, None] * slant
    spread = 0.08 + 0.15 * height
    far = ((spot[:, :, None] - feet) ** 2).sum(-1) / spread**2
    dark = np.exp(-far / 2) @ (0.06 / spread * 0.5)
    dark = np.where(reach < 60, np.clip(dark, 0, rng.uniform(0.2, 0.7)), 0)
    size = (camera.side_px, camera.side_px)
    smooth = cv2.resize(dark.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    return np.float32(1) - np.asarray(smooth, np.float32)


def plain(rng: np.random.Generator, side: int) -> Picture:
    """One colour, a gradient, or coloured noise from fine to cloudy."""
    corners = rng.uniform(0, 255, (2, 2, 3))
    style = rng.random()
    if style < 0.3:
        corners[:] = corners[0, 0]
    elif style > 0.6:
        cells = int(rng.choice([4, 12, 48, side]))
        corners = rng.uniform(0, 255, (cells, cells, 3))
    return cv2.resize(corners, (side, side), interpolation=cv2.INTER_LINEAR).astype(np.uint8)


def _rays(camera: CropCamera, cells: int | None = None) -> NDArray[np.float32]:
    """(cells, cells, 3) world directions of the crop's pixel centres, Z of 1 in the camera."""
    cells = cells or camera.side_px
    at = (np.arange(cells) + 0.5) * camera.side_px / cells
    u = (at - camera.centre_px[0]) / camera.focal_px
    v = (at - camera.centre_px[1]) / camera.focal_px
    turn = camera.rotation.astype(np.float32)  # world = turn.T @ camera
    across = u.astype(np.float32)[:, None] * turn[0] + turn[2]
    down = v.astype(np.float32)[:, None] * turn[1]
    return across[None] + down[:, None]


def _reach(speed: NDArray, distance: Any) -> NDArray:
    """Distance of a plane along a ray; infinity where it is behind."""
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = distance / speed
    return np.where(steps > 0, steps, np.inf)
