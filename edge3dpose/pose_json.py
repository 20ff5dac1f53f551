"""A person as plain numbers and lists, and back: what a line of a poses file has of each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from edge3dpose import checks
from edge3dpose.skeletons import Skeleton
from edge3dpose.types import Array, Box, Pose3D

_NUMBERS = {int, float, type(None)}
LARGEST_ID = 2**63 - 1  # int64 holds it


def dict_from_pose(pose: Pose3D) -> dict[str, Any]:
    """See Pose3D.to_dict."""
    box = pose.box
    content: dict[str, Any] = {
        "id": pose.track_id,
        "box": [round(v, 1) for v in (box.x0, box.y0, box.x1, box.y1)] if box else None,
        "box_angle_rad": round(box.angle_rad, 4) if box else None,
        **({} if pose.joints_mm is None else {"joints_mm": _rounded(pose.joints_mm, 1)}),
        "pixels": _rounded(pose.pixels, 2),
        "score": _rounded(pose.score, 3),
        "root_mm": None if pose.root_mm is None else _rounded(pose.root_mm, 1),
    }
    if pose.std_mm is not None:
        content["std_mm"] = _rounded(pose.std_mm, 1)
    if pose.outside is not None and pose.outside.any():
        content["outside"] = pose.outside.tolist()
    if pose.angles_deg is not None:
        known = pose.angles_deg.items()
        content["angles_deg"] = {n: round(v, 1) if math.isfinite(v) else None for n, v in known}
    if pose.counts is not None:
        content["counts"] = dict(pose.counts)
    return content


def pose_from_dict(content: Mapping[str, Any], skeleton: Skeleton) -> Pose3D:
    """See Pose3D.from_dict."""
    joints = _array(content["joints_mm"]) if "joints_mm" in content else None  # None: of 2D poses
    J = len(skeleton.joints)
    if joints is not None and joints.shape != (J, 3):
        raise ValueError(f"joints_mm has shape {joints.shape}, wanted {J} x 3")
    pixels = _array(content["pixels"])
    if pixels.shape != (J, 2):
        raise ValueError(f"pixels has shape {pixels.shape}, wanted {J} x 2")
    root, std = content.get("root_mm"), content.get("std_mm")
    return Pose3D(
        cast(Array, joints),
        pixels,
        _array(content["score"]),
        None if root is None else _array(root),
        _track_id(content.get("id")),
        _box(content),
        std_mm=None if std is None else _array(std),
        skeleton=skeleton,
        outside=_outside(content, len(skeleton.joints)),
        angles_deg=_numbers(content, "angles_deg"),
        counts=_numbers(content, "counts"),
    )


def _outside(content: Mapping[str, Any], joints: int) -> NDArray[np.bool_] | None:
    value = content.get("outside")
    if value is None:
        return None
    if not (
        isinstance(value, list) and len(value) == joints and {type(v) for v in value} == {bool}
    ):
        raise ValueError(f"outside is {value!r:.60}, wanted {joints} of true and false")
    return np.array(value)


def _numbers(content: Mapping[str, Any], key: str) -> dict[str, Any] | None:
    """Numbers by name; null is NaN."""
    values = content.get(key)
    if values is None:
        return None
    if not isinstance(values, dict) or not {type(v) for v in values.values()} <= _NUMBERS:
        raise ValueError(f"{key} is {values!r:.60}, wanted numbers by name")
    return {name: math.nan if value is None else value for name, value in values.items()}


def _track_id(value: Any) -> int | None:
    if value is not None and not (type(value) is int and abs(value) <= LARGEST_ID):
        raise ValueError(f"id is {value!r}, wanted a whole number")
    return value


def _box(content: Mapping[str, Any]) -> Box | None:
    if content.get("box") is None:
        return None
    x0, y0, x1, y1 = (checks.number("box", value, -1e9, 1e9) for value in content["box"])
    angle = checks.number("box_angle_rad", content.get("box_angle_rad") or 0.0, -100, 100)
    return Box(x0, y0, x1, y1, angle_rad=angle)


def _rounded(values: Array, digits: int) -> list:
    # through float64: a float32 rounded to 0.1 prints as 0.10000000149
    return values.astype(float).round(digits).tolist()


def _array(values: Any) -> Array:
    try:
        with np.errstate(over="ignore"):  # what float32 has not is infinite
            given = np.asarray(values)
            mixed = given.flat if given.dtype.kind == "O" else ()  # null is NaN
            if given.dtype.kind not in "fiuO" or any(isinstance(one, str) for one in mixed):
                raise ValueError(f"{given.dtype} where numbers are wanted")
            found = given.astype(np.float32)
        if np.isinf(found).any():
            raise ValueError("a number larger than those of a pose")
        return found
    except OverflowError as error:
        raise ValueError(str(error)) from None
