"""CSV: joints of everybody over time, a row a person and moment. Fields in gaps are empty."""

from __future__ import annotations

import numpy as np

from edge3dpose.exporters import ExporterPlugin, ExportRequest
from edge3dpose.exporters._clips import AXES, CLEANING, FLOOR, HEIGHT, axes_of, clips_of
from edge3dpose.exporters._table import said_of, table_of

DIGITS = {"time_s": 4, "score": 3}  # of other numbers: 1, tenths of mm


class CsvPlugin(ExporterPlugin):
    """--to csv."""

    name = "csv"
    suffix = ".csv"
    summary = "a table of joints, everybody in it"
    many = True
    options = (HEIGHT, *CLEANING, *FLOOR, AXES)

    def content(self, request: ExportRequest) -> tuple[bytes, str]:
        """The joints of everybody."""
        clips = clips_of(request)
        table = table_of(clips, axes_of(request, "opencv"))
        digits = [
            DIGITS.get(name, DIGITS["score"] if name.endswith("score") else 1) for name in table
        ]
        lines = [",".join(table)]
        for row in zip(*table.values(), strict=True):
            lines.append(",".join(map(_field, row, digits)))
        return ("\n".join(lines) + "\n").encode("ascii"), said_of(clips)


def _field(value: float, digits: int) -> str:
    if isinstance(value, np.integer):
        return str(int(value))
    return f"{value:.{digits}f}" if np.isfinite(value) else ""


PLUGIN = CsvPlugin()
