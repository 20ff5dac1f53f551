"""Unit pose in, millimetres out: the network's cube becomes camera space."""

from __future__ import annotations

import math
from typing import cast

import numpy as np
from numpy.typing import NDArray

from edge3dpose.engine_types import ModelSpec
from edge3dpose.runtime.crop_view import view_of_crop
from edge3dpose.runtime.roi import body_scale
from edge3dpose.skeletons import has_h36m17, root_of, to_h36m17
from edge3dpose.types import Array, Box, Camera, Pose3D, UnitPose


def units_from_outputs(outputs: Array) -> list[UnitPose]:
    """outputs (N, J, C), see ModelSpec -> N unit poses that own their numbers."""
    kept = np.array(outputs, np.float32)  # the engine writes over its array in the next call
    stds = kept[..., 4:] if kept.shape[2] > 4 else [None] * len(kept)
    return [
        UnitPose(person[:, :3], person[:, 3], std) for person, std in zip(kept, stds, strict=True)
    ]


def lift(unit: UnitPose, frame_from_crop: Array, camera: Camera | None, spec: ModelSpec) -> Pose3D:
    """Unit pose -> frame pixels and root-relative millimetres.

    frame_from_crop  (2, 3) of the network's crop

    Depth of the root: an ROI of training spans crop_side_mm there, so the depth would be
    f * crop_side_mm / side_px; the root's z corrects it (see ``roi_scale``). f and the direction of
    depths are those of the camera that the crop looks like (see ``crop_view``). Without a camera
    root_mm is None, and the projection is taken as orthographic.

    Standard deviations become mm along the camera's axes. The z of the root is that of its distance
    from the camera, 0 without a camera; those of other joints are of depths relative to the root.

    Of a model without depths joints_mm and root_mm are None.
    """
    size = spec.input_size
    crop_px = unit.xyz[:, :2] * size
    pixels = crop_px @ frame_from_crop[:, :2].T + frame_from_crop[:, 2]
    side_px = float(size * np.hypot(frame_from_crop[0, 0], frame_from_crop[1, 0]))
    box = _roi(frame_from_crop, size, side_px)
    if not spec.has_depth:
        none = cast(Array, None)  # see Pose3D
        flat_px = pixels.astype(np.float32)
        return Pose3D(none, flat_px, unit.score, box=box, skeleton=spec.skeleton)
    scale = roi_scale(unit.xyz, spec)
    deep = depth_from_root(unit.xyz, spec) * scale
    std = _std_mm(unit, box.angle_rad, scale, spec)
    if camera is None:
        flat = pixels * (spec.crop_side_mm * scale / side_px)
        points = np.concatenate([flat, deep], axis=1)
        root = None
    else:
        view = view_of_crop(pixels, frame_from_crop @ [size / 2, size / 2, 1], camera)
        depth_mm = view.focal_px * spec.crop_side_mm * scale / side_px
        # a person nearer than the z range: no joint may come out behind the camera
        points = view.flat * np.maximum(depth_mm + deep, 50.0) @ view.turn
        root = root_of(points, spec.skeleton).astype(np.float32)
        if unit.std is not None and std is not None:
            std[spec.skeleton.root, 2] = unit.std[spec.skeleton.root, 2] * depth_mm
            std = np.sqrt(std**2 @ view.turn**2)  # variances, along the axes of the frame's camera
    joints = (points - root_of(points, spec.skeleton)).astype(np.float32)
    return Pose3D(
        joints,
        pixels.astype(np.float32),
        unit.score,
        root,
        box=box,
        skeleton=spec.skeleton,
        std_mm=None if std is None else std.astype(np.float32),
    )


def roi_scale(xyz: Array, spec: ModelSpec) -> float:
    """What the ROI spans at the person over what an ROI of training spans: (J, 3) -> factor.

    The root's z of the cube is 0.5 + ln(Z_root / Z_roi), where Z_roi is the depth at which the ROI
    spans crop_side_mm: a correction of the prior that needs no focal length. The idea is that of
    Luvizon et al., arXiv 2009.01998, section 4.3.1.

    A model of a spec file says nothing of it: its people are taken for adults, by their bones.
    """
    if spec.crop is not None:
        return _scale_by_bones(xyz, spec)
    return float(np.exp(xyz[spec.skeleton.root, 2] - 0.5))


def depth_from_root(xyz: Array, spec: ModelSpec) -> NDArray[np.float64]:
    """(J, 3) of the cube -> (J, 1) mm behind the root, in an ROI that spans crop_side_mm."""
    deep = (xyz[:, 2:].astype(np.float64) - 0.5) * spec.z_range_mm
    if not spec.skeleton.roots:
        deep[spec.skeleton.root] = 0.0
    return deep


def _scale_by_bones(xyz: Array, spec: ModelSpec) -> float:
    if not spec.has_depth or not has_h36m17(spec.skeleton):
        return 1.0
    mm = (xyz - 0.5) * [spec.crop_side_mm, spec.crop_side_mm, spec.z_range_mm]
    size = body_scale(to_h36m17(mm, spec.skeleton).astype(np.float32))
    return 1 / min(max(size, 0.1), 10.0)


def _std_mm(
    unit: UnitPose, angle_rad: float, scale: float, spec: ModelSpec
) -> NDArray[np.float64] | None:
    """(J, 3) along the axes of the camera that sees the crop; 0 for the root's distance."""
    if unit.std is None:
        return None
    mm = unit.std * (np.array([spec.crop_side_mm, spec.crop_side_mm, spec.z_range_mm]) * scale)
    mm[spec.skeleton.root, 2] = 0.0
    cos, sin = math.cos(angle_rad), math.sin(angle_rad)
    across, down = mm[:, 0], mm[:, 1]  # of the crop, which is turned
    turned = np.hypot(across * cos, down * sin), np.hypot(across * sin, down * cos), mm[:, 2]
    return np.stack(turned, axis=1)


def _roi(frame_from_crop: Array, size: int, side_px: float) -> Box:
    across = frame_from_crop[:, 0]
    x, y = (float(v) for v in frame_from_crop @ np.array([size / 2, size / 2, 1], np.float32))
    half = side_px / 2
    angle = math.atan2(float(across[1]), float(across[0]))
    return Box(x - half, y - half, x + half, y + half, angle_rad=angle)
