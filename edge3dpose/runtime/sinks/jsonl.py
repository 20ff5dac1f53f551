"""Poses as JSON lines, schema edge3dpose.poses/1: a header, then a line a frame."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from edge3dpose.errors import BadInput
from edge3dpose.poses_file import frame_line, header_line
from edge3dpose.storage import PartFile
from edge3dpose.types import Frame, Pose3D


def open_sink(
    path: Path,
    header: dict[str, Any],
    *,
    live: bool = False,
) -> JsonLines:
    """Begin a file; the header is completed with the camera of the first frame.

    live   every line reaches the disk at once, so that a crash loses nothing: it is left beside, as
           NAME.part.jsonl
    """
    return JsonLines(path, header, live)


class JsonLines:
    """Grows under a name with .part in the same folder and takes its own in close()."""

    skips = main_thread = False

    def __init__(self, path: Path, header: dict[str, Any], live: bool) -> None:
        self._header: dict[str, Any] | None = header
        self._out = PartFile(path)
        buffering = 1 if live else -1  # line by line, or as the system likes
        self._file = open(self._out.part, "w", buffering, encoding="utf-8")  # noqa: SIM115 (stays open)

    def __call__(self, frame: Frame, poses: list[Pose3D]) -> None:
        """Write the line of a frame."""
        if self._header is not None:
            self._write(header_line(self._header, frame))
            self._header = None
        self._write(frame_line(frame, poses))

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """Give the file its name."""
        if self._file.closed:
            return
        try:
            self._file.close()  # writes what the buffer holds
        except OSError as error:
            self._out.discard()
            raise self._refused(error) from error
        self._out.commit()

    def discard(self) -> None:
        """Remove what was written."""
        with suppress(OSError):
            self._file.close()
        self._out.discard()

    def _write(self, line: str) -> None:
        try:
            self._file.write(line)
        except OSError as error:
            raise self._refused(error) from error

    def _refused(self, error: OSError) -> BadInput:
        return BadInput(f"cannot write {self._out.path}: {error.strerror or error}")
