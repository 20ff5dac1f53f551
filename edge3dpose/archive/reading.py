"""A source -> its poses as JSON lines, with what goes by counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from edge3dpose.errors import BadInput
from edge3dpose.pose import PoseEstimator
from edge3dpose.runtime.clock import StageClock
from edge3dpose.runtime.sources import Source
from edge3dpose.types import Frame, Pose3D

Told = Callable[[int, "int | None"], None]  # frames done, frames in all
_EVERY_S = 0.5  # between two reports of the frames done


@dataclass(slots=True)
class Seen:
    """What went by.

    fault     what could not be read, of a source that has frames all the same
    stage_ms  mean milliseconds of a visit of each stage
    """

    told: Told
    total: int | None  # frames, where the file says
    frames: int = 0
    with_people: int = 0
    poses: int = 0
    first_s: float = 0.0
    last_s: float = 0.0
    size_px: tuple[int, ...] = ()
    next_s: float = 0.0
    ids: set[int | None] = field(default_factory=set)
    fault: str | None = None
    stage_ms: dict[str, float] = field(default_factory=dict)

    def __call__(self, frame: Frame, people: list[Pose3D]) -> None:
        """Count a frame."""
        if not self.frames:
            self.first_s = frame.time_s
            self.size_px = frame.size_px
        self.frames += 1
        self.last_s = frame.time_s
        self.with_people += bool(people)
        self.poses += len(people)
        self.ids.update(person.track_id for person in people)
        if (now := perf_counter()) >= self.next_s:
            self.next_s = now + _EVERY_S
            self.told(self.frames, self.total)


def read(pose: PoseEstimator, source: Source, out: Path, told: Told | None = None) -> Seen:
    """Write the poses of a source; BadInput where not one frame can be read.

    told  called with frames done and frames in all, now and then
    """
    clock, seen = StageClock(), Seen(told or (lambda *_: None), source.frames)
    outputs = {"jsonl": out, "overwrite": True}
    summary = pose.run(source, outputs=outputs, on_frame=seen, clock=clock)
    if summary.stopped:
        raise BadInput("the run was stopped")
    if not summary.processed:
        raise BadInput(summary.fault or f"no frame in {source.name} could be read")
    seen.fault = summary.fault
    means_ms = {name: 1000 * float(clock.seconds(name).mean()) for name in clock.stages()}
    seen.stage_ms = {name: round(ms, 3) for name, ms in means_ms.items()}
    return seen


def video_s(first_s: float, last_s: float, frames: int) -> float:
    """Seconds of video: the last frame is taken to last as long as the others."""
    span_s = max(0.0, last_s - first_s)
    return round(span_s * frames / (frames - 1), 3) if frames > 1 else 0.0
