"""Proof that a video file is truncated: its own structure reaches beyond its end."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, BinaryIO

_SEGMENT = b"\x18\x53\x80\x67"  # the element of Matroska that holds all others
_LAST = 64  # entries of an index that are looked at: the last in time lie near the end


def missing_bytes(path: Path, stream: Any) -> int:
    """How many bytes a file lacks; 0 where nothing proves that it lacks any.

    stream  of PyAV, for the index of its packets
    """
    try:
        size = path.stat().st_size
        with open(path, "rb") as file:
            wanted = max(_riff_end(file), _matroska_end(file), _index_end(stream))
    except (OSError, struct.error):
        return 0
    return max(0, wanted - size)


def _index_end(stream: Any) -> int:
    entries = stream.index_entries
    count = len(entries)
    last = [entries[n] for n in range(max(0, count - _LAST), count)]
    return max((entry.pos + entry.size for entry in last), default=0)


def _riff_end(file: BinaryIO) -> int:
    """Where the first chunk of an AVI ends."""
    file.seek(0)
    kind, size, form = struct.unpack("<4sI4s", file.read(12))
    # an AVI that is still being written, or was never finished, says 0
    return size + 8 if kind == b"RIFF" and form == b"AVI " and 0 < size < 0xFFFFFFF0 else 0


def _matroska_end(file: BinaryIO) -> int:
    """Where the segment of a Matroska file ends; 0 where it does not say."""
    file.seek(0)
    head = file.read(4096)
    at = head.find(_SEGMENT)
    if not head.startswith(b"\x1a\x45\xdf\xa3") or at < 0:
        return 0
    size, length = _element_size(head[at + 4 : at + 12])
    return at + 4 + length + size if size else 0


def _element_size(data: bytes) -> tuple[int, int]:
    """The size that an EBML number says, 0 for unknown, and the bytes of that number."""
    length = 9 - data[0].bit_length()
    value = int.from_bytes(data[:length], "big") & ((1 << 7 * length) - 1)
    return (0 if value == (1 << 7 * length) - 1 else value), length
