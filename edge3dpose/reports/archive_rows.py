"""How fast an archive was done, and how fast clips are read, as types."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from edge3dpose.records import INLINE, Amount, Count, Share
from edge3dpose.reports.rows import Header


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveReport:
    """One run of edge3dpose archive, edge3dpose.archive/1.

    elapsed_s  from starting the workers to the last clip
    stage_ms   mean milliseconds a visit, weighted by the frames of the clips
    peak_mb    of the worker that took most memory
    """

    KIND: ClassVar[str] = "archive"

    header: Header = field(metadata=INLINE)
    pipeline: dict[str, Any]
    workers: Count
    threads: Count  # of the engine of each worker
    ray: bool
    clips: Count
    failed: Count
    frames: Count
    poses: Count
    video_s: Amount
    frame_sizes: dict[str, Count]  # WIDTHxHEIGHT -> clips
    elapsed_s: Amount
    worker_s: Amount  # seconds of all workers on clips
    cpu_s: Amount  # CPU time of all workers on clips
    fps: Amount
    clip_bytes: Count
    part_bytes: Count
    stage_ms: dict[str, Amount]
    peak_mb: Amount | None
    load_average_after: tuple[Amount, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadClip:
    """One clip that was read to its end and looked at by nobody; cpu_s is of all threads."""

    name: str
    size_px: tuple[Count, Count]
    codec: str
    frames: Count
    bytes: Count
    cpu_s: Amount
    elapsed_s: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingReport:
    """What reading clips costs, edge3dpose.reading/1 (benchmarks/reading.py)."""

    KIND: ClassVar[str] = "reading"

    header: Header = field(metadata=INLINE)
    clips: tuple[ReadClip, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitClipRow:
    """A clip that was done in sections, against the same clip done in one go.

    only_whole    poses of the whole that nobody is near to in the sections
    same          share of the poses that are the same to the last digit of the file
    mean_mm       mean distance of the joints, the pelvis at the origin; p95_mm over the poses
    root_mean_mm  distance of the pelvis
    """

    clip: str
    sections: Count
    overlap_s: Amount
    frames: Count
    poses: Count
    only_whole: Count
    people: Count
    people_split: Count
    same: Share
    mean_mm: Amount
    p95_mm: Amount
    root_mean_mm: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitReport:
    """What it costs to do clips in sections, edge3dpose.split/1 (benchmarks/split.py)."""

    KIND: ClassVar[str] = "split"

    header: Header = field(metadata=INLINE)
    engine: str
    clips: tuple[SplitClipRow, ...]
