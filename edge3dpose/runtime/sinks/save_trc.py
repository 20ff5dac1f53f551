"""TRC at the end of a run: joints as markers, a file a person (docs/files.md)."""

from __future__ import annotations

from edge3dpose.exporters._clips import AXES, CLEANING, FLOOR
from edge3dpose.runtime.sinks._export import ExportSinkPlugin, option


class SaveTrcPlugin(ExportSinkPlugin):
    """--save-trc FILE."""

    name = "save-trc"
    format = "trc"
    options = (option(format, "as TRC, for OpenSim"), *CLEANING, *FLOOR, AXES)


PLUGIN = SaveTrcPlugin()
