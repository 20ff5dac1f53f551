"""TRC: joints as markers over time, for OpenSim, Pose2Sim and Visual3D. y up, metres.

A moment in a gap has NaN: OpenSim refuses a row that ends in an empty field.
"""

from __future__ import annotations

import numpy as np

from edge3dpose.exporters import ExporterPlugin, ExportRequest
from edge3dpose.exporters._clips import AXES, CLEANING, FLOOR, HEIGHT, axes_of, clips_of
from edge3dpose.kinematics.axes import Axes
from edge3dpose.kinematics.clip import MotionClip
from edge3dpose.skeletons import H36M17


class TrcPlugin(ExporterPlugin):
    """--to trc."""

    name = "trc"
    suffix = ".trc"
    summary = "joints of one person as markers for OpenSim and Visual3D"
    options = (HEIGHT, *CLEANING, *FLOOR, AXES)

    def content(self, request: ExportRequest) -> tuple[bytes, str]:
        """The joints of one person."""
        (clip,) = clips_of(request)
        return trc(clip, axes_of(request, "opensim")).encode("ascii"), clip.text


def trc(clip: MotionClip, axes: Axes) -> str:
    """The file."""
    names, frames, rate = H36M17.joints, len(clip.time_s), f"{clip.rate_hz:g}"
    about = (
        *("DataRate", "CameraRate", "NumFrames", "NumMarkers"),
        *("Units", "OrigDataRate", "OrigDataStartFrame", "OrigNumFrames"),
    )
    values = (rate, rate, frames, len(names), "m", rate, 1, frames)
    lines = [
        "PathFileType\t4\t(X/Y/Z)\tedge3dpose.trc",
        "\t".join(about),
        "\t".join(str(value) for value in values),
        "\t".join(["Frame#", "Time", *(f"{name}\t\t" for name in names)]),
        "\t".join(["", "", *(f"{axis}{n}" for n in range(1, len(names) + 1) for axis in "XYZ")]),
        "",
    ]
    points = 1e-3 * axes.directions(clip.joints_mm).reshape(frames, -1)
    for n, (time_s, row) in enumerate(zip(clip.time_s, points, strict=True), start=1):
        fields = [f"{value:.6f}" if np.isfinite(value) else "NaN" for value in row]
        lines.append("\t".join([str(n), f"{time_s:.6f}", *fields]))
    return "\n".join(lines) + "\n"


PLUGIN = TrcPlugin()
