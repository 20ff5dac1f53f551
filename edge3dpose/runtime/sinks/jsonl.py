"""Poses as JSON lines, schema edge3dpose.poses/1: a header, then a line a frame."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge3dpose.errors import BadInput
from edge3dpose.outputs import Output
from edge3dpose.plugins import PluginOption
from edge3dpose.poses_file import camera_event, event_line, frame_line, header_line, header_of
from edge3dpose.runtime.sinks import Sink, SinkContext, SinkPlugin, Stop
from edge3dpose.runtime.sources import SourceEvent
from edge3dpose.types import Frame, Pose3D


class JsonLinesPlugin(SinkPlugin):
    """--jsonl FILE."""

    name = "jsonl"
    order = 10
    options = (
        PluginOption("--jsonl", "Write the poses as JSON lines; - is standard output.", kind=Path),
    )

    def is_on(self, values: Mapping[str, Any]) -> bool:
        """Where a file is named."""
        return values["jsonl"] is not None

    def default_values(self, stem: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """NAME.poses.jsonl."""
        return {"jsonl": Path(f"{stem}.poses.jsonl")}

    def open(self, values: Mapping[str, Any], context: SinkContext) -> Sink:
        """Begin the file."""
        header = header_of(context.skeleton, **context.header)
        return JsonLines(values["jsonl"], header, overwrite=values["overwrite"])


class JsonLines(Sink):
    """Every line reaches the system at once: a killed run leaves all of them in NAME.part.jsonl.

    path    a plain file gets its name in close(); a device, a pipe and "-" are written to
    header  completed with the camera of the first frame; see poses_file.header_of
    """

    def __init__(self, path: Path, header: Mapping[str, Any], *, overwrite: bool = False) -> None:
        self._header: dict[str, Any] | None = dict(header)
        self._out = Output(path, overwrite=overwrite)
        self.path = path if self._out.part else None
        self._failed = False
        self._camera: Any = None  # of the frame before
        self._early: list[SourceEvent] = []  # before the first frame, which the header waits for

    def __call__(self, frame: Frame, poses: list[Pose3D]) -> None:
        """Write the line of a frame; raises Stop when the reader of a pipe has gone."""
        if self._header is not None:
            self._write(header_line(self._header, frame))
            self._header = None
            for event in self._early:
                self._write(event_line(event.to_dict()))
        elif frame.name is None and self._camera != _camera_of(frame):
            self._write(event_line(camera_event(frame)))
        self._camera = _camera_of(frame)
        self._write(frame_line(frame, poses))

    def event(self, event: SourceEvent) -> None:
        """Write the line of an event."""
        if self._header is not None:
            self._early.append(event)
        else:
            self._write(event_line(event.to_dict()))

    def close(self) -> None:
        """Give the file its name; without a frame there is no file."""
        if self._failed:
            self._keep()
        elif self._header is not None:
            self.discard()
        else:
            self._out.commit()

    def discard(self) -> None:
        """Remove what was written; what a full disk cut off is kept, up to its last line."""
        if self._failed:
            self._keep()
        else:
            self.discarded = True
            self._out.discard()

    def _keep(self) -> None:
        self.discarded = True
        self._out.keep()

    def _write(self, line: str) -> None:
        try:
            self._out.write(line.encode("utf-8"))
        except BrokenPipeError:
            raise Stop from None
        except BadInput:
            self._failed = True
            raise


def _camera_of(frame: Frame) -> Any:
    return frame.size_px, frame.camera


PLUGIN = JsonLinesPlugin()
