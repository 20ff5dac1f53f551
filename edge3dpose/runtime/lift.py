"""Unit pose in, millimetres out: the network's cube becomes camera space."""

from __future__ import annotations

import numpy as np

from edge3dpose.camera import back_project, focal_px
from edge3dpose.types import Array, Box, Camera, Crop, ModelSpec, Pose3D, UnitPose


def units_from_outputs(outputs: Array) -> list[UnitPose]:
    """outputs (N, J, 4) = u, v, z, score -> N unit poses that own their numbers."""
    kept = np.array(outputs, np.float32)  # the engine writes over its array in the next call
    return [UnitPose(person[:, :3], person[:, 3]) for person in kept]


def lift(unit: UnitPose, crop: Crop, camera: Camera | None, spec: ModelSpec) -> Pose3D:
    """Unit pose -> frame pixels and root-relative millimetres.

    Depth of the root: the square is taken to span crop_side_mm there, so
    Z_root = f * crop_side_mm / side_px. It is right where the box is the training crop and in
    proportion to the box's error elsewhere; joints relative to the root hardly feel it
    (Luvizon et al., arXiv 2009.01998, section 4). Without a camera root_mm is None and every
    pixel is taken to be seen from straight ahead.
    """
    size = crop.image.shape[0]
    crop_px = unit.xyz[:, :2] * size
    pixels = crop_px @ crop.frame_from_crop[:, :2].T + crop.frame_from_crop[:, 2]
    side_px = float(size * np.hypot(crop.frame_from_crop[0, 0], crop.frame_from_crop[1, 0]))
    box = _square(crop, size)
    if camera is None:
        flat = pixels * (spec.crop_side_mm / side_px)
        deep = (unit.xyz[:, 2:] - 0.5) * spec.z_range_mm
        points = np.concatenate([flat, deep], axis=1)
        root = None
    else:
        focal = focal_px(camera)
        depth_mm = focal * spec.crop_side_mm / side_px
        z_range_mm = spec.z_range_mm * side_px * depth_mm / (focal * spec.crop_side_mm)
        depths = depth_mm + (unit.xyz[:, 2] - 0.5) * z_range_mm
        # a root depth under the z range is a face in the lens; no joint may land behind the camera
        points = back_project(pixels, np.maximum(depths, 50.0), camera)
        root = points[spec.skeleton.root].astype(np.float32)
    joints = (points - points[spec.skeleton.root]).astype(np.float32)
    return Pose3D(joints, pixels.astype(np.float32), unit.score, root, box=box)


def _square(crop: Crop, size: int) -> Box:
    x0, y0 = crop.frame_from_crop[:, 2]
    x1, y1 = crop.frame_from_crop @ np.array([size, size, 1], np.float32)
    return Box(float(x0), float(y0), float(x1), float(y1))
