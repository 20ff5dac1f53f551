"""Poses in, poses out, aware of the time between frames. A choice gives open_filter()."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from edge3dpose.types import Frame, Pose3D

Filter: TypeAlias = Callable[[Frame, list[Pose3D]], list[Pose3D]]
