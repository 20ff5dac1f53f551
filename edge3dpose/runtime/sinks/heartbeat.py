"""A file that is touched while frames come: who watches over a run looks at its age."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any

from edge3dpose.errors import BadInput
from edge3dpose.plugins import PluginOption
from edge3dpose.runtime.sinks import Sink, SinkContext, SinkPlugin
from edge3dpose.types import Frame, Pose3D

EVERY_S = 1.0

_log = logging.getLogger(__name__)


class HeartbeatPlugin(SinkPlugin):
    """--heartbeat FILE."""

    name = "heartbeat"
    order = 60
    output = False
    options = (
        PluginOption(
            "--heartbeat",
            "Touch this file each second while frames come, for who watches over the run.",
            kind=Path,
        ),
    )

    def is_on(self, values: Mapping[str, Any]) -> bool:
        """Where a file is named."""
        return values["heartbeat"] is not None

    def open(self, values: Mapping[str, Any], context: SinkContext) -> Sink:
        """Make sure that it can be touched."""
        return Heartbeat(values["heartbeat"])


class Heartbeat(Sink):
    """Sets the time of a file, which is made where it is missing; what it holds is left."""

    skips = True

    def __init__(self, file: Path) -> None:
        self._file = file
        self._next_s = 0.0
        self._told = False
        try:
            self._touch()
        except OSError as error:
            raise BadInput(f"cannot touch {file}: {error.strerror or error}") from None

    def __call__(self, frame: Frame, poses: list[Pose3D]) -> None:
        """A frame has come."""
        if monotonic() < self._next_s:
            return
        try:
            self._touch()
        except OSError as error:  # the poses are worth more than their heartbeat
            if not self._told:
                _log.warning("cannot touch %s: %s", self._file, error.strerror or error)
                self._told = True

    def _touch(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_NONBLOCK", 0)
        os.close(os.open(self._file, flags, 0o644))
        os.utime(self._file)
        self._next_s = monotonic() + EVERY_S


PLUGIN = HeartbeatPlugin()
