"""C3D at the end of a run: joints as points, a file a person (docs/files.md)."""

from __future__ import annotations

from edge3dpose.exporters._clips import AXES, CLEANING, FLOOR
from edge3dpose.runtime.sinks._export import ExportSinkPlugin, option


class SaveC3dPlugin(ExportSinkPlugin):
    """--save-c3d FILE."""

    name = "save-c3d"
    format = "c3d"
    options = (option(format, "as C3D, for motion capture programs"), *CLEANING, *FLOOR, AXES)


PLUGIN = SaveC3dPlugin()
