"""What is known of a clip that was done or that failed: one JSON file a clip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from edge3dpose.archive.clips import Clip
from edge3dpose.records import Amount, Count, Sha256

SCHEMA = "edge3dpose.archive-clip/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRecord:
    """A clip of an archive. ``done`` means that its part is complete.

    sha256     of the clip; None where it could not be read
    pipeline   what made the poses, see job.pipeline_of
    reason     why it failed, or why a clip that is done ended before its time
    attempts   how often it was begun; 2 where the first worker died
    video_s    seconds of video
    with_people  frames with somebody in them
    people     different track ids
    poses      a person in a frame is one
    sections   that a long clip was done in; 1 is all of it
    elapsed_s  to hash and read the clip and to write the part
    cpu_s      CPU time of all threads of the worker for that
    stage_ms   mean milliseconds of a visit of each stage, see runtime.pipeline.Pipeline.clock
    peak_mb    resident memory of the worker so far, at its highest, MB of 10^6 bytes
    """

    schema: str = SCHEMA
    clip: str
    path: str
    state: Literal["done", "failed"]
    bytes: Count | None
    mtime_ns: int
    sha256: Sha256 | None = None
    pipeline: dict[str, Any] = field(default_factory=dict)
    reason: str | None = None
    attempts: Count = 1
    frames: Count = 0
    video_s: Amount = 0.0
    with_people: Count = 0
    people: Count = 0
    poses: Count = 0
    sections: Count = 1
    size_px: tuple[Count, ...] = ()
    elapsed_s: Amount = 0.0
    cpu_s: Amount = 0.0
    stage_ms: dict[str, Amount] = field(default_factory=dict)
    peak_mb: Amount | None = None
    host: str = ""
    part: str = ""
    part_bytes: Count = 0

    @classmethod
    def failed(cls, clip: Clip, pipeline: Mapping[str, Any], attempts: int = 1) -> ClipRecord:
        """Of a clip that has no poses, or none yet."""
        return cls(
            clip=clip.key,
            path=str(clip.path),
            state="failed",
            bytes=clip.size,
            mtime_ns=clip.mtime_ns,
            pipeline=dict(pipeline),
            attempts=attempts,
        )

    @property
    def done(self) -> bool:
        """Whether the part is complete."""
        return self.state == "done"
