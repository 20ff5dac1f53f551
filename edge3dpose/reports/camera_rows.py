"""Several live cameras on one machine, as types."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from edge3dpose.records import INLINE, Amount, Count
from edge3dpose.reports.rows import Header


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraRow:
    """One camera and its process, while all of them ran.

    age_p50_ms, age_p95_ms  of the results, from the decoded frame to the written pose
    """

    processed: Count
    dropped: Count
    people: Amount  # a frame
    cpu_s: Amount
    peak_mb: Amount | None
    age_p50_ms: Amount
    age_p95_ms: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class CamerasReport:
    """Processes of edge3dpose run, one a camera, edge3dpose.cameras/1 (benchmarks/cameras.py)."""

    KIND: ClassVar[str] = "cameras"

    header: Header = field(metadata=INLINE)
    engine: str
    options: tuple[str, ...]
    camera_fps: Amount
    frame_size: str  # WIDTHxHEIGHT
    seconds: Amount  # that were measured
    server_cpu_s: Amount  # of the process that plays the cameras, on the same cores
    cores: Count  # that all of it was held to
    load_average_after: tuple[Amount, ...]
    cameras: tuple[CameraRow, ...]
