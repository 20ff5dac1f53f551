"""Poses as JSON lines, schema edge3dpose.poses/1: a header, then a line a frame."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from edge3dpose.errors import BadInput
from edge3dpose.plugins import PluginOption
from edge3dpose.poses_file import frame_line, header_line, header_of
from edge3dpose.runtime.sinks import Sink, SinkContext, SinkPlugin
from edge3dpose.storage import PartFile
from edge3dpose.types import Frame, Pose3D


class JsonLinesPlugin(SinkPlugin):
    """--jsonl FILE."""

    name = "jsonl"
    order = 10
    options = (PluginOption("--jsonl", "Write the poses as JSON lines.", kind=Path),)

    def is_on(self, values: Mapping[str, Any]) -> bool:
        """Where a file is named."""
        return values["jsonl"] is not None

    def default_values(self, stem: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """NAME.poses.jsonl."""
        return {"jsonl": Path(f"{stem}.poses.jsonl")}

    def open(self, values: Mapping[str, Any], context: SinkContext) -> Sink:
        """Begin the file."""
        header = header_of(context.skeleton, **context.header)
        return JsonLines(values["jsonl"], header, live=context.live)


class JsonLines(Sink):
    """Grows as NAME.part.jsonl in the same folder and gets its own name in close().

    header  completed with the camera of the first frame; see poses_file.header_of
    live    every line is written to the disk at once, so that a crash loses nothing
    """

    def __init__(self, path: Path, header: Mapping[str, Any], *, live: bool = False) -> None:
        self.path = path
        self._header: dict[str, Any] | None = dict(header)
        self._out = PartFile(path)
        buffering = 1 if live else -1  # line by line, or as the system likes
        self._file = open(self._out.part, "w", buffering, encoding="utf-8")  # noqa: SIM115 (stays open)

    def __call__(self, frame: Frame, poses: list[Pose3D]) -> None:
        """Write the line of a frame."""
        if self._header is not None:
            self._write(header_line(self._header, frame))
            self._header = None
        self._write(frame_line(frame, poses))

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


PLUGIN = JsonLinesPlugin()
