"""C3D: joints as points over time, for Vicon, Qualisys, Mokka and others. z up, mm.

A point in a gap has the residual -1, which says that it is missing.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from edge3dpose.errors import MissingDependency
from edge3dpose.exporters import ExporterPlugin, ExportRequest
from edge3dpose.exporters._clips import AXES, CLEANING, FLOOR, HEIGHT, axes_of, clips_of
from edge3dpose.kinematics.axes import Axes
from edge3dpose.kinematics.clip import MotionClip
from edge3dpose.outputs import MARK
from edge3dpose.skeletons import H36M17

MISSING = -1.0  # residual of a point that is not known


class C3dPlugin(ExporterPlugin):
    """--to c3d."""

    name = "c3d"
    suffix = ".c3d"
    summary = "joints of one person as points for motion capture programs"
    options = (HEIGHT, *CLEANING, *FLOOR, AXES)

    def check(self, values: Mapping[str, Any]) -> None:
        """The package c3d writes it."""
        _package()

    def content(self, request: ExportRequest) -> tuple[bytes, str]:
        """The joints of one person."""
        (clip,) = clips_of(request)
        return c3d_file(clip, axes_of(request, "ros")), clip.text


def c3d_file(clip: MotionClip, axes: Axes) -> bytes:
    """The file."""
    writer = _package().Writer(point_rate=clip.rate_hz, analog_rate=0, point_units="mm")
    points = np.zeros((*clip.joints_mm.shape[:2], 5), np.float32)
    places = axes.directions(clip.joints_mm)
    missing = np.asarray(~np.isfinite(places).all(-1))
    points[..., :3] = np.where(missing[..., None], 0.0, places)
    points[..., 3] = np.where(missing, MISSING, 0.0)
    writer.set_point_labels([name.upper() for name in H36M17.joints])
    group = writer.add_group(61, "MANUFACTURER", "who wrote this file")
    for parameter in ("COMPANY", "SOFTWARE"):
        group.add_str(parameter, "", MARK, len(MARK))  # without a length, other readers crash
    writer.add_frames([(frame, np.empty((0, 0))) for frame in points])
    out = io.BytesIO()
    with warnings.catch_warnings():  # of c3d: that there is no analog data
        warnings.simplefilter("ignore", UserWarning)
        writer.write(out)
    return out.getvalue()


def _package() -> Any:
    try:
        import c3d
    except ImportError:
        raise MissingDependency(
            'c3d needs the package c3d; pip install "edge3dpose[files]"'
        ) from None
    return c3d


PLUGIN = C3dPlugin()
