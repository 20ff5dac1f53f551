"""CSV files that a training appends to, a row now and then."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from edge3dpose import storage


def append(file: Path, names: Sequence[str], row: Sequence[object]) -> None:
    """Append a row, below the names where the file is new; BadInput where it cannot be written."""
    text = io.StringIO()
    writer = csv.writer(text)
    if not file.exists():
        writer.writerow(names)
    writer.writerow(row)
    storage.append_text(file, text.getvalue())
