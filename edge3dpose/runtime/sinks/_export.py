"""Files of other programs, written at the end of a run by the exporters that ``export`` uses.

Poses are collected in memory (0.3 KB a person and frame); written beside and renamed in close().
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge3dpose import exporters, plugins
from edge3dpose.errors import BadInput
from edge3dpose.exporters import ExporterPlugin, ExportRequest
from edge3dpose.outputs import Output
from edge3dpose.plugins import PluginOption
from edge3dpose.runtime.sinks import Sink, SinkContext, SinkPlugin
from edge3dpose.skeletons import H36M17
from edge3dpose.tracks import Track
from edge3dpose.types import Frame, Pose3D

LEAST_FRAMES = 10  # who is seen in fewer is left out
WORDS = "At the end, write the motion"


class ExportSinkPlugin(SinkPlugin):
    """--save-FORMAT FILE: base class. ``format`` is the name of an exporter."""

    format: str = ""
    section = "Files of motion"
    order = 16
    needs_h36m17 = True

    def is_on(self, values: Mapping[str, Any]) -> bool:
        """Where a file is named."""
        return values[f"save_{self.format}"] is not None

    def check(self, values: Mapping[str, Any]) -> None:
        """What the exporter refuses."""
        exporters.checked_values(self._exporter(), self._own(values))

    def open(self, values: Mapping[str, Any], context: SinkContext) -> Sink:
        """Begin to collect."""
        file = values[f"save_{self.format}"]
        if not context.related:
            raise BadInput(
                f"--save-{self.format} follows people over time; {context.source} has single images"
            )
        exporter = self._exporter()
        own = exporters.checked_values(exporter, self._own(values))
        return ExportSink(exporter, file, own, context, overwrite=values["overwrite"])

    def _exporter(self) -> ExporterPlugin:
        found: ExporterPlugin = plugins.find(exporters.FOLDER, self.format, ExporterPlugin)
        return found

    def _own(self, values: Mapping[str, Any]) -> dict[str, Any]:
        known = {option.name for option in self._exporter().options}
        return {name: value for name, value in values.items() if name in known}


def option(form: str, words: str) -> PluginOption:
    """--save-FORMAT."""
    return PluginOption(f"--save-{form}", f"{WORDS} {words}.", kind=Path)


@dataclass(slots=True)
class _Person:
    time_s: list[float] = field(default_factory=list)
    rows: list[NDArray[np.float32]] = field(default_factory=list)  # joints, score, root

    def add(self, time_s: float, pose: Pose3D) -> None:
        root = np.full(3, np.nan, np.float32) if pose.root_mm is None else pose.root_mm
        self.time_s.append(time_s)
        self.rows.append(
            np.concatenate([pose.joints_mm.ravel(), pose.score, root], dtype=np.float32)
        )

    def track(self, track_id: int | None) -> Track:
        rows, J = np.stack(self.rows), len(H36M17.joints)
        joints, score, root = np.split(rows, [3 * J, 4 * J], axis=1)
        time_s = np.array(self.time_s)
        return Track(track_id, time_s, joints.reshape(-1, J, 3), root, score)


class ExportSink(Sink):
    """Collects people; writes them when it is closed.

    One person, or a format that holds many: FILE. Else NAME-NUMBER.SUFFIX for each.
    """

    def __init__(
        self,
        exporter: ExporterPlugin,
        path: Path,
        values: Mapping[str, Any],
        context: SinkContext,
        *,
        overwrite: bool = False,
    ) -> None:
        self._exporter, self._values, self._overwrite = exporter, values, overwrite
        self._header = context.header
        self._people: dict[int | None, _Person] = {}
        self._file = Output(path, overwrite=overwrite)  # refuses now what cannot be written later
        self._name = path
        self.path: Path | None = path if self._file.part else None
        self._open = True

    def __call__(self, frame: Frame, poses: list[Pose3D]) -> None:
        """Keep the people of a frame."""
        for pose in poses:
            self._people.setdefault(pose.track_id, _Person()).add(frame.time_s, pose)

    def close(self) -> None:
        """Write the files; where nobody was seen for long enough, there is none."""
        if not self._open:
            return
        self._open = False
        seen = {n: one for n, one in self._people.items() if len(one.rows) >= LEAST_FRAMES}
        tracks = [one.track(n) for n, one in seen.items()]
        tracks.sort(key=lambda track: -len(track.time_s))
        files = (
            exporters.files_of(self._exporter, self._name, tracks, apart=False) if tracks else []
        )
        if [path for path, _ in files] != [self._name]:
            self._file.discard()
            self.path = None
        if not tracks:
            self.said = (f"no {self._name}: nobody was seen in {LEAST_FRAMES} frames or more",)
            return
        said = []
        for path, people in files:
            request = ExportRequest(people, self._header, self._values, tracks)
            said.append(self._write(path, request))
        self.said = tuple(said)

    def _write(self, path: Path, request: ExportRequest) -> str:
        try:
            content, line = self._exporter.content(request)
            if path != self._name:
                self._file = Output(path, overwrite=self._overwrite)
            self._file.write(content)
        except BrokenPipeError:  # nobody reads it any more
            return f"{path}: its reader has gone"
        except BadInput as error:
            self._file.discard()
            if path == self._name:
                self.path = None
            return f"no {path}: {error}"
        self._file.commit()
        return f"{path}: {line}"

    def discard(self) -> None:
        """Write nothing."""
        self._open = False
        self.discarded = True
        self._file.discard()
