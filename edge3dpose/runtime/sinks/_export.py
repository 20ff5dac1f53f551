"""Files of other programs, written at the end of a run by the exporters that ``export`` uses.

Poses are collected in memory, up to MOST_POSES; files are written beside and renamed in close().
Where no JSON lines are asked for, they are written meanwhile to a journal, FILE.part.jsonl: what a
run that was killed leaves, and what ``export`` makes the files from. It goes when the files are
there, and is kept as FILE.jsonl where they do not hold everything.
"""

from __future__ import annotations

import logging
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
from edge3dpose.poses_file import header_of, with_camera
from edge3dpose.runtime.sinks import Sink, SinkContext, SinkPlugin, find_all
from edge3dpose.runtime.sinks.jsonl import JsonLines
from edge3dpose.runtime.sources import SourceEvent
from edge3dpose.skeletons import H36M17
from edge3dpose.tracks import Track
from edge3dpose.types import Frame, Pose3D

LEAST_FRAMES = 10  # who is seen in fewer is left out
MOST_POSES = 200_000  # 1.9 hours of one person at 30 FPS; writing them takes 1.5 GB of memory
WORDS = "At the end, write the motion"

_log = logging.getLogger(__name__)


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
        sink = ExportSink(exporter, file, own, context, overwrite=values["overwrite"])
        if values["jsonl"] is None and self._is_first(values):
            sink.keep_journal()
        return sink

    def _is_first(self, values: Mapping[str, Any]) -> bool:
        """Of all files of motion: one journal is enough."""
        files = [one for one in find_all() if isinstance(one, ExportSinkPlugin)]
        return next(one for one in files if one.is_on(values)).name == self.name

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
        self._header, self._skeleton = context.header, context.skeleton
        self._poses = 0  # that are kept
        self._lost = 0  # that are too many
        self._journal: JsonLines | None = None
        self._people: dict[int | None, _Person] = {}
        self._file = Output(path, overwrite=overwrite)  # refuses now what cannot be written later
        self._name = path
        self.path: Path | None = path if self._file.part else None
        self._open, self._begun = True, False

    def keep_journal(self) -> None:
        """Write the poses to FILE.part.jsonl too while the run goes on."""
        if self._file.part is None:  # of a device or a pipe
            return
        try:
            path = self._name.with_name(f"{self._name.name}.jsonl")
            header = header_of(self._skeleton, **self._header)
            self._journal = JsonLines(path, header, overwrite=self._overwrite)
        except BaseException:
            self._file.discard()
            raise

    def event(self, event: SourceEvent) -> None:
        """What happened to a live source, for the journal."""
        if self._journal:
            self._journal.event(event)

    def __call__(self, frame: Frame, poses: list[Pose3D]) -> None:
        """Keep the people of a frame."""
        if not self._begun:
            self._header, self._begun = with_camera(self._header, frame), True
        if self._journal:
            self._journal(frame, poses)
        for pose in poses:
            if self._poses < MOST_POSES:
                self._people.setdefault(pose.track_id, _Person()).add(frame.time_s, pose)
                self._poses += 1
                continue
            if not self._lost:
                _log.warning("%s is full: it holds %d poses", self._name, MOST_POSES)
            self._lost += 1

    def close(self) -> None:
        """Write the files; where nobody was seen for long enough, there is none."""
        if not self._open:
            return
        self._open = False
        journal, self._journal = self._journal, None
        try:
            whole = self._write_all()
        except BaseException:
            if journal:
                journal.close()
            raise
        if self._lost:
            self.said += (f"{self._name}: full; {self._lost} poses after that are left out",)
        if journal is None:
            return
        if whole and not self._lost:
            journal.discard()
            return
        journal.close()
        if not journal.discarded:
            self.said += (f"all poses are in {journal.path}, for edge3dpose export",)

    def _write_all(self) -> bool:
        """Write the files; whether every one was written that there was something for."""
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
            return True
        said, whole = [], True
        for path, people in files:
            request = ExportRequest(people, self._header, self._values, tracks)
            line, done = self._write(path, request)
            if done:
                said.append(line)
            else:
                self.unwritten += (line,)
            whole = whole and done
        self.said = tuple(said)
        return whole

    def _write(self, path: Path, request: ExportRequest) -> tuple[str, bool]:
        """One file: what to say of it, and whether it was written."""
        try:
            content, line = self._exporter.content(request)
            if path != self._name:
                self._file = Output(path, overwrite=self._overwrite)
            self._file.write(content)
        except BrokenPipeError:  # nobody reads it any more
            return f"{path}: its reader has gone", True
        except BadInput as error:
            self._file.discard()
            if path == self._name:
                self.path = None
            return str(error) if str(path) in str(error) else f"no {path}: {error}", False
        self._file.commit()
        return f"{path}: {line}", True

    def discard(self) -> None:
        """Write nothing."""
        self._open = False
        self.discarded = True
        self._file.discard()
        if self._journal:
            self._journal.discard()
