"""Projection and back-projection, crop pixels to frame pixels, and where intrinsics come from."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from numbers import Real
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge3dpose import distortion
from edge3dpose.errors import BadInput
from edge3dpose.intrinsics import read_intrinsics
from edge3dpose.types import Camera

LARGEST = 1e9  # of a camera's numbers, pixels: float32 holds what comes of them
DEFAULT_FOV_DEG = 60.0  # across the longer side; webcams and phones lie between 55 and 75

Lens: TypeAlias = Callable[[int, int], Camera]  # (width_px, height_px) of a frame -> its camera


def focal_px(camera: Camera) -> float:
    """One focal length for both axes: their geometric mean, in pixels."""
    return math.sqrt(camera.focal_px[0] * camera.focal_px[1])


def project(points_mm: NDArray, camera: Camera) -> NDArray[np.float64]:
    """Points (..., 3) in mm, camera axes, z > 0 unless a fisheye sees them -> pixels (..., 2)."""
    return distortion.seen_at(points_mm, camera) * camera.focal_px + camera.centre_px


def rays(pixels: NDArray, camera: Camera) -> NDArray[np.float64]:
    """Pixels (..., 2) -> unit vectors (..., 3) towards what is seen there, camera axes."""
    seen = (np.asarray(pixels, np.float64) - camera.centre_px) / camera.focal_px
    return distortion.directions(seen, camera)


def back_project(pixels: NDArray, depth_mm: NDArray, camera: Camera) -> NDArray[np.float64]:
    """Pixels (..., 2) and depths (...) in mm -> points (..., 3) in mm, camera axes.

    A depth is a z, which a fisheye's picture has for what is in front of the camera alone.
    """
    found = rays(pixels, camera)
    deep = np.maximum(found[..., 2:], 1e-6)
    return found / deep * np.asarray(depth_mm, np.float64)[..., None]


def frame_from_crop(
    centre_px: tuple[float, float], side_px: float, angle_rad: float, size: int
) -> NDArray[np.float64]:
    """The affine map of a rotated square crop of ``size`` pixels.

    Returns (2, 3): frame_px = frame_from_crop @ (crop_x, crop_y, 1), both from pixel corners.
    """
    scale = side_px / size
    cos, sin = scale * math.cos(angle_rad), scale * math.sin(angle_rad)
    turn = np.array([[cos, -sin], [sin, cos]])
    return np.column_stack([turn, np.array(centre_px) - turn @ [size / 2, size / 2]])


def check_camera(camera: Camera, name: str = "camera") -> None:
    """BadInput where a camera's numbers are not of the right count, finite and possible.

    name  what to call it
    """
    if not isinstance(camera, Camera):
        raise BadInput(f"{name} is a {type(camera).__name__}; wanted a Camera")
    wanted = {
        "focal_px": (2,),
        "centre_px": (2,),
        "distortion": (0, 4) if camera.fisheye else (0, 4, 5, 8),
    }
    for part, lengths in wanted.items():
        values = getattr(camera, part)
        try:
            good = len(values) in lengths and all(_finite(value) for value in values)
        except TypeError:  # one number, or None
            good = False
        if not good:
            counts = " or ".join(map(str, lengths))
            raise BadInput(f"{name}.{part} is {values!r}; wanted {counts} finite numbers")
    _check_mount(camera, name)
    if min(camera.focal_px) <= 0:
        raise BadInput(f"{name}.focal_px is {camera.focal_px!r}; wanted lengths above 0 pixels")


def _check_mount(camera: Camera, name: str) -> None:
    """BadInput where up is no unit vector, or the height above the floor no number."""
    try:
        up = (0.0, -1.0, 0.0) if camera.up is None else tuple(camera.up)
        good = len(up) == 3 and all(_finite(value) for value in up)
    except TypeError:
        good = False
    if not good or abs(math.hypot(*up) - 1) > 1e-3:
        raise BadInput(f"{name}.up is {camera.up!r}; wanted a vector of length 1, or None")
    if camera.above_floor_mm is not None and not _finite(camera.above_floor_mm):
        raise BadInput(f"{name}.above_floor_mm is {camera.above_floor_mm!r}; wanted mm, or None")


def _finite(value: Any) -> bool:
    return isinstance(value, Real) and abs(float(value)) <= LARGEST


def camera_from_fov(fov_deg: float, width: int, height: int, *, assumed: bool = False) -> Camera:
    """A camera without distortion with a field of view of fov_deg across the longer side."""
    if not 1 <= fov_deg <= 170:
        raise BadInput(f"--fov {fov_deg:g}: wanted an angle between 1 and 170 degrees")
    focal = max(width, height) / 2 / math.tan(math.radians(fov_deg) / 2)
    return Camera((focal, focal), (width / 2, height / 2), assumed=assumed)


def open_lens(fov_deg: float | None = None, intrinsics: Path | None = None) -> Lens:
    """Frame size -> camera: from an intrinsics file, a field of view, or the assumed default."""
    if fov_deg is not None and intrinsics is not None:
        raise BadInput("--fov and --intrinsics both describe the camera: give one of them")
    if intrinsics is not None:
        measured, size = read_intrinsics(intrinsics)
        return lambda width, height: _scaled(measured, size, (width, height), intrinsics)
    angle = DEFAULT_FOV_DEG if fov_deg is None else fov_deg
    camera_from_fov(angle, 1, 1)  # an impossible angle fails now, not at the first frame
    return lambda width, height: camera_from_fov(angle, width, height, assumed=fov_deg is None)


class FixedLens:
    """A camera that was given as it is: its numbers hold for frames of one size."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera

    def __call__(self, width: int, height: int) -> Camera:
        """The camera."""
        return self._camera


def _scaled(camera: Camera, size: tuple[int, int], frame: tuple[int, int], path: Path) -> Camera:
    """The camera for frames that were resized after the sensor."""
    by = (frame[0] / size[0], frame[1] / size[1])
    if abs(by[0] / by[1] - 1) > 0.02:  # rounding to even sizes stays well below
        raise BadInput(
            f"{path} was measured on {size[0]}x{size[1]} images, the frames are "
            f"{frame[0]}x{frame[1]}: another shape; measure the camera in the mode that is used"
        )
    focal = (camera.focal_px[0] * by[0], camera.focal_px[1] * by[1])
    centre = (camera.centre_px[0] * by[0], camera.centre_px[1] * by[1])
    return replace(camera, focal_px=focal, centre_px=centre)
