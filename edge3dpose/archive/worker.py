"""One clip -> its part and its record. A worker keeps its PoseEstimator open for many clips."""

from __future__ import annotations

import contextlib
import platform
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from edge3dpose import paths, storage
from edge3dpose.archive.clips import Clip, clip_at
from edge3dpose.archive.folder import ArchiveFolder
from edge3dpose.archive.job import ArchiveJob
from edge3dpose.archive.record import ClipRecord
from edge3dpose.archive.table import write_parquet
from edge3dpose.errors import BadInput, Edge3DPoseError
from edge3dpose.pose import PoseEstimator
from edge3dpose.runtime.clock import StageClock
from edge3dpose.runtime.pipeline import Summary
from edge3dpose.runtime.sources import open_source
from edge3dpose.types import Frame, Pose3D

_EVERY_S = 0.5  # between two reports of the frames done


@dataclass(frozen=True, slots=True)
class ClipTask:
    """A clip to be done.

    attempt  1, or 2 where the first worker died
    known    the record of a clip that may still be the same: only its hash is taken then
    """

    clip: Clip
    attempt: int = 1
    known: ClipRecord | None = None


@dataclass(slots=True)
class _Count:
    """What goes by while a clip is read."""

    told: Callable[[int, int | None], None]
    total: int | None  # frames, where the file says
    frames: int = 0
    with_people: int = 0
    poses: int = 0
    first_s: float = 0.0
    last_s: float = 0.0
    size_px: tuple[int, ...] = ()
    next_s: float = 0.0
    ids: set[int | None] = field(default_factory=set)

    def __call__(self, frame: Frame, people: list[Pose3D]) -> None:
        if not self.frames:
            self.first_s = frame.time_s
            self.size_px = (frame.image.shape[1], frame.image.shape[0])
        self.frames += 1
        self.last_s = frame.time_s
        self.with_people += bool(people)
        self.poses += len(people)
        self.ids.update(person.track_id for person in people)
        if (now := perf_counter()) >= self.next_s:
            self.next_s = now + _EVERY_S
            self.told(self.frames, self.total)

    @property
    def video_s(self) -> float:
        """The last frame is taken to last as long as the others."""
        span_s = max(0.0, self.last_s - self.first_s)
        return span_s * self.frames / (self.frames - 1) if self.frames > 1 else 0.0


class ClipWorker:
    """Does clips one after another. Not thread-safe."""

    def __init__(self, job: ArchiveJob) -> None:
        self._job, self._folder = job, ArchiveFolder(job.out)
        self._pose: PoseEstimator | None = None

    def open(self) -> str | None:
        """Open the engine; returns why that cannot be, None where it is open."""
        try:
            self._pose = PoseEstimator(**self._job.estimator)
        except Edge3DPoseError as error:
            return str(error)
        return None

    def process(
        self, task: ClipTask, told: Callable[[int, int | None], None] | None = None
    ) -> ClipRecord:
        """A clip -> its part and its record, both written; a clip that fails has a record too.

        told  called with frames done and frames in all, now and then
        Raises BadInput where the record cannot be written.
        """
        begin_s, cpu_s = perf_counter(), process_time()
        clip = clip_at(task.clip.path, task.clip.key)
        about = ClipRecord.failed(clip, self._job.pipeline, task.attempt)
        about = replace(about, host=platform.node())
        try:
            record = self._done(clip, replace(about, sha256=_hash(clip)), task.known, told)
        except Exception as error:  # of any kind: one clip's, and the archive goes on
            ours = isinstance(error, Edge3DPoseError)
            text = str(error) if ours else f"{type(error).__name__}: {error}"
            record = replace(about, reason=" ".join(text.split()) or type(error).__name__)
        if task.known is None or record.sha256 != task.known.sha256:
            record = replace(
                record,
                elapsed_s=round(perf_counter() - begin_s, 3),
                cpu_s=round(process_time() - cpu_s, 3),
            )
        self._folder.save(record)
        return record

    def _done(
        self,
        clip: Clip,
        about: ClipRecord,
        known: ClipRecord | None,
        told: Callable[[int, int | None], None] | None,
    ) -> ClipRecord:
        if known is not None and known.sha256 == about.sha256:
            return replace(known, bytes=clip.size, mtime_ns=clip.mtime_ns, path=str(clip.path))
        assert self._pose is not None
        self._folder.work.mkdir(parents=True, exist_ok=True)
        work = self._folder.work / f"{uuid.uuid4().hex}.jsonl"
        clock = StageClock()
        try:
            source = open_source(clip.path)
            count = _Count(told or (lambda *_: None), source.frames)
            written: dict[str, Any] = {"jsonl": work, "overwrite": True}
            summary = self._pose.run(source, outputs=written, on_frame=count, clock=clock)
            _check(clip, summary)
            part = self._publish(work, clip.key)
        finally:
            with contextlib.suppress(OSError):
                work.unlink(missing_ok=True)
        means_ms = {name: 1000 * float(clock.seconds(name).mean()) for name in clock.stages()}
        return replace(
            about,
            state="done",
            reason=summary.fault,
            frames=count.frames,
            video_s=round(count.video_s, 3),
            with_people=count.with_people,
            people=len(count.ids),
            poses=count.poses,
            size_px=count.size_px,
            stage_ms={name: round(ms, 3) for name, ms in means_ms.items()},
            peak_mb=_peak_mb(),
            part=part.relative_to(self._job.out).as_posix(),
            part_bytes=part.stat().st_size,
        )

    def _publish(self, work: Path, key: str) -> Path:
        """Poses as JSON lines -> the part under its final name."""
        part = self._folder.part(key, self._job.format)
        part.parent.mkdir(parents=True, exist_ok=True)
        if self._job.format == "jsonl":
            storage.move(work, part)
            return part
        table = work.with_suffix(".parquet")
        try:
            write_parquet(work, key, table)
            storage.move(table, part)
        finally:
            with contextlib.suppress(OSError):
                table.unlink(missing_ok=True)
        return part

    def close(self) -> None:
        """Free the engine."""
        if self._pose is not None:
            self._pose.close()


def _hash(clip: Clip) -> str:
    if clip.size is None:
        raise BadInput(f"no video file {clip.path}")
    try:
        return paths.sha256_of(clip.path)
    except OSError as error:
        raise BadInput(f"{clip.path} cannot be read: {error.strerror}") from None


def _check(clip: Clip, summary: Summary) -> None:
    """BadInput where the poses are not those of the clip that was hashed, or there are none."""
    if summary.stopped:
        raise BadInput("the run was stopped")
    if not summary.processed:
        raise BadInput(summary.fault or f"no frame in {clip.path} could be read")
    now = clip_at(clip.path, clip.key)
    if (now.size, now.mtime_ns) != (clip.size, clip.mtime_ns):
        raise BadInput(f"{clip.path} was changed while it was read; run it again")


def _peak_mb() -> float | None:
    """MB of 10^6 bytes, of this process alone; None where the system does not say."""
    # not getrusage: a child begins there with what its parent held
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return round(int(line.split()[1]) * 1024 / 1e6, 1)
    return None
