"""Parquet at the end of a run: the table of CSV in a binary file (docs/files.md)."""

from __future__ import annotations

from edge3dpose.exporters._clips import AXES, CLEANING, FLOOR
from edge3dpose.runtime.sinks._export import ExportSinkPlugin, option


class SaveParquetPlugin(ExportSinkPlugin):
    """--save-parquet FILE."""

    name = "save-parquet"
    format = "parquet"
    options = (option(format, "as Parquet, a table of everybody"), *CLEANING, *FLOOR, AXES)


PLUGIN = SaveParquetPlugin()
