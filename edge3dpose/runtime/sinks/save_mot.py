"""MOT at the end of a run: joint angles, a file a person (docs/angles.md)."""

from __future__ import annotations

from edge3dpose.exporters._clips import CLEANING, FLOOR
from edge3dpose.runtime.sinks._export import ExportSinkPlugin, option


class SaveMotPlugin(ExportSinkPlugin):
    """--save-mot FILE."""

    name = "save-mot"
    format = "mot"
    options = (option(format, "as MOT: joint angles"), *CLEANING, FLOOR[1])


PLUGIN = SaveMotPlugin()
