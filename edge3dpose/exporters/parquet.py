"""Parquet: the table of csv.py in a binary file with types, for pandas, Arrow and databases."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from edge3dpose.errors import MissingDependency
from edge3dpose.exporters import ExporterPlugin, ExportRequest
from edge3dpose.exporters._clips import AXES, CLEANING, FLOOR, HEIGHT, axes_of, clips_of
from edge3dpose.exporters._table import said_of, table_of


class ParquetPlugin(ExporterPlugin):
    """--to parquet."""

    name = "parquet"
    suffix = ".parquet"
    summary = "the table of csv in a binary file"
    many = True
    options = (HEIGHT, *CLEANING, *FLOOR, AXES)

    def check(self, values: Mapping[str, Any]) -> None:
        """The package pyarrow writes it."""
        _package()

    def content(self, request: ExportRequest) -> tuple[bytes, str]:
        """The joints of everybody; the poses' header is in the metadata, as JSON."""
        arrow, parquet = _package()
        clips = clips_of(request)
        columns = {
            name: arrow.array(
                values
                if values.dtype.kind == "i" or name == "time_s"
                else values.astype(np.float32),
                from_pandas=True,  # NaN is null
            )
            for name, values in table_of(clips, axes_of(request, "opencv")).items()
        }
        table = arrow.table(columns)
        header = json.dumps(dict(request.header), default=str)
        table = table.replace_schema_metadata({"edge3dpose": header})
        out = io.BytesIO()
        parquet.write_table(table, out)
        return out.getvalue(), said_of(clips)


def _package() -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingDependency(
            'parquet needs pyarrow; pip install "edge3dpose[parquet]"'
        ) from None
    return pyarrow, pyarrow.parquet


PLUGIN = ParquetPlugin()
