"""MOT: joint angles in degrees over time (docs/angles.md), as OpenSim's motion files are."""

from __future__ import annotations

from edge3dpose.exporters import ExporterPlugin, ExportRequest
from edge3dpose.exporters._clips import CLEANING, FLOOR, clips_of
from edge3dpose.kinematics.analysis import angles_of


class MotPlugin(ExporterPlugin):
    """--to mot."""

    name = "mot"
    suffix = ".mot"
    summary = "joint angles of one person, degrees"
    options = (*CLEANING, FLOOR[1])

    def content(self, request: ExportRequest) -> tuple[bytes, str]:
        """The angles of one person."""
        (clip,) = clips_of(ExportRequest(
            request.tracks, request.header, {**request.values, "floor": True}, request.everybody
        ))  # fmt: skip
        return angles_of(clip).to_mot().encode("ascii"), f"angles of {clip.text}"


PLUGIN = MotPlugin()
