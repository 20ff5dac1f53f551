"""The camera of a crop: an off-centre pinhole that sees exactly the crop of a larger frame."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

CROP_SIDE_MM = 2250.0
Z_RANGE_MM = 2000.0
SCALE_RANGE = (0.75, 1.3)  # of the side of a crop; evenly by its logarithm
OVERHEAD_DEG = (50, 85)
OFF_CENTRE = 0.08  # of the side: greatest distance of the pelvis from a crop's middle, per axis


@dataclass(frozen=True)
class CropCamera:
    """World (y up, pelvis at the origin, metres) -> camera (x right, y down, z forward) -> crop."""

    rotation: NDArray[np.float64]  # (3, 3)
    translation_m: NDArray[np.float64]  # (3,) the pelvis in the camera
    focal_px: float  # in crop pixels
    centre_px: tuple[float, float]
    side_px: int
    frame_px: tuple[float, float, float, float]  # the whole frame's x0 y0 x1 y1, in crop pixels
    elevation_deg: float  # of the camera above the person

    @property
    def root_depth_mm(self) -> float:
        """Z of the pelvis."""
        return float(self.translation_m[2]) * 1000

    @property
    def z_range_mm(self) -> float:
        """What z 0..1 of the network's cube spans in this crop."""
        return _z_range_mm(self.side_px, self.root_depth_mm, self.focal_px)

    @property
    def framed_share(self) -> float:
        """Share of the crop's area that lies in the frame."""
        edges = np.clip(self.frame_px, 0, self.side_px) / self.side_px
        return float((edges[2] - edges[0]) * (edges[3] - edges[1]))

    def turned(self, angle_rad: float) -> CropCamera:
        """By a camera that is rolled about the pelvis: the picture turns clockwise."""
        roll = _rodrigues(self.translation_m / np.linalg.norm(self.translation_m), angle_rad)
        return replace(self, rotation=roll @ self.rotation)

    def to_camera_mm(self, world_m: NDArray) -> NDArray[np.float64]:
        """(..., 3) world metres -> camera millimetres."""
        return (world_m @ self.rotation.T + self.translation_m) * 1000

    def project(self, camera_mm: NDArray) -> NDArray[np.float64]:
        """(..., 3) camera -> (..., 2) crop pixels, (0, 0) the corner of the first pixel."""
        return self.focal_px * camera_mm[..., :2] / camera_mm[..., 2:] + np.array(self.centre_px)

    def to_cube(self, camera_mm: NDArray) -> NDArray[np.float32]:
        """(J, 3) camera mm -> u, v, z of the network's cube."""
        z = 0.5 + (camera_mm[:, 2:] - self.root_depth_mm) / self.z_range_mm
        return np.concatenate([self.project(camera_mm) / self.side_px, z], 1).astype(np.float32)


def cube_to_mm(
    uvz: NDArray,
    focal_px: float,
    centre_px: tuple[float, float],
    side_px: int,
    root_depth_mm: float,
) -> NDArray[np.float64]:
    """The inverse of ``to_cube``: (J, 3) u, v, z -> camera mm."""
    z_range = _z_range_mm(side_px, root_depth_mm, focal_px)
    depth = root_depth_mm + (np.asarray(uvz, float)[:, 2:] - 0.5) * z_range
    flat = (np.asarray(uvz, float)[:, :2] * side_px - np.array(centre_px)) / focal_px
    return np.concatenate([flat * depth, depth], 1)


def _z_range_mm(side_px: int, root_depth_mm: float, focal_px: float) -> float:
    return Z_RANGE_MM * side_px * root_depth_mm / (focal_px * CROP_SIDE_MM)


def draw_camera(rng: np.random.Generator, side_px: int, overhead: float = 0.0) -> CropCamera:
    """35-85 degrees, 1.5-8 m, any side, from the feet to 50 degrees above, half of them rolled.

    overhead  share of the cameras that are 50 to 85 degrees above the person instead
    """
    half_fov = np.radians(rng.uniform(35, 85)) / 2
    aspect = rng.choice([16 / 9, 4 / 3, 1.0, 3 / 4, 9 / 16])
    half = np.tan(half_fov) * np.array([1.0, 1 / aspect] if aspect > 1 else [aspect, 1.0])
    elevation = np.clip(rng.choice([rng.normal(5, 9), rng.uniform(-20, 50)]), -20, 50)
    if overhead and rng.random() < overhead:
        elevation = rng.uniform(*OVERHEAD_DEG)
    distance = np.exp(rng.uniform(np.log(1.5), np.log(8.0)))
    aim = rng.uniform(-0.6, 0.6, 2) * half  # where in the frame the pelvis is, tan of angle
    roll = rng.uniform(-15, 15) if rng.random() < 0.5 else rng.normal(0, 1.5)
    rotation = _facing(np.radians(elevation), rng.uniform(0, 2 * np.pi), aim, np.radians(roll))
    root = np.array([*aim, 1.0])
    root *= distance / np.linalg.norm(root)
    scale = np.exp(rng.uniform(*np.log(SCALE_RANGE)))
    side = CROP_SIDE_MM / 1000 * scale / root[2]  # in units of the focal length
    focal = side_px / side
    middle = aim + rng.uniform(-OFF_CENTRE, OFF_CENTRE, 2) * side
    centre = side_px / 2 - focal * middle
    frame = np.concatenate([centre - focal * half, centre + focal * half])
    return CropCamera(
        rotation,
        root,
        float(focal),
        (float(centre[0]), float(centre[1])),
        side_px,
        (float(frame[0]), float(frame[1]), float(frame[2]), float(frame[3])),
        float(elevation),
    )


def _facing(elevation: float, yaw: float, aim: NDArray, roll: float) -> NDArray[np.float64]:
    """Rotation of a camera that sees the origin at image position ``aim``, then rolled about it."""
    cos, sin = np.cos, np.sin
    back = np.array([cos(elevation) * sin(yaw), sin(elevation), cos(elevation) * cos(yaw)])
    right = np.array([cos(yaw), 0.0, -sin(yaw)])
    look = np.stack([right, np.cross(right, back), -back])  # rows x right, y down, z forward
    ray = np.array([*aim, 1.0])
    ray /= np.linalg.norm(ray)
    forward = np.array([0.0, 0.0, 1.0])
    axis = np.cross(forward, ray)
    turn = _rodrigues(axis, float(np.arcsin(np.linalg.norm(axis))))
    return _rodrigues(ray, roll) @ turn @ look


def _rodrigues(axis: NDArray, angle: float) -> NDArray[np.float64]:
    length = np.linalg.norm(axis)
    if length < 1e-12:
        return np.eye(3)
    x, y, z = axis / length
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k
