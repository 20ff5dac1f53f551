"""CSV at the end of a run: joints of everybody in one table (docs/files.md)."""

from __future__ import annotations

from edge3dpose.exporters._clips import AXES, CLEANING, FLOOR
from edge3dpose.runtime.sinks._export import ExportSinkPlugin, option


class SaveCsvPlugin(ExportSinkPlugin):
    """--save-csv FILE."""

    name = "save-csv"
    format = "csv"
    options = (option(format, "as CSV, a table of everybody"), *CLEANING, *FLOOR, AXES)


PLUGIN = SaveCsvPlugin()
