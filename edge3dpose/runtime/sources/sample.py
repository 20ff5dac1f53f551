"""The clip that comes with the package: one person doing squats, 13 s at 5 fps (see NOTICE)."""

from __future__ import annotations

from pathlib import Path

from edge3dpose.errors import BadInput
from edge3dpose.runtime.sources.video import Video

FILE = Path(__file__).with_suffix(".mp4")


def open_source(arg: str) -> Video:
    """Open the clip; the argument says nothing."""
    if not FILE.is_file():
        raise BadInput(f"{FILE} is missing; reinstall edge3dpose")
    return Video("sample", str(FILE))
