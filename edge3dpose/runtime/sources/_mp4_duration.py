"""How long an MP4 or MOV file plays, which its edit list may make shorter than its frames say."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


def playing_time_s(path: Path) -> float | None:
    """Seconds by the movie header; None for another container, or one that does not say."""
    try:
        with open(path, "rb") as file:
            for kind, end in _boxes(file, path.stat().st_size):
                if kind == b"moov":
                    return _of_movie(file, end)
    except (OSError, struct.error):
        pass
    return None


def _of_movie(file: BinaryIO, end: int) -> float | None:
    for kind, _ in _boxes(file, end):
        if kind == b"mvhd":
            long = file.read(4)[:1] == b"\x01"  # the version: times of 64 bits
            file.seek(16 if long else 8, 1)
            scale, duration = struct.unpack(">IQ" if long else ">II", file.read(12 if long else 8))
            return duration / scale if scale and duration else None
    return None


def _boxes(file: BinaryIO, end: int) -> Iterator[tuple[bytes, int]]:
    """Kind and end of each box from here on; the file stands at the box's content."""
    while (start := file.tell()) + 8 <= end:
        size, kind = struct.unpack(">I4s", file.read(8))
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8))
        elif size == 0:  # to the end of the file
            size = end - start
        if size < 8:
            return
        yield kind, min(start + size, end)
        file.seek(start + size)
