"""One task -> its files. A worker keeps its PoseEstimator open for many clips."""

from __future__ import annotations

import contextlib
import platform
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import perf_counter, process_time

from edge3dpose import machine, paths, storage
from edge3dpose.archive.clips import Clip, clip_at
from edge3dpose.archive.folder import ArchiveFolder
from edge3dpose.archive.job import ArchiveJob
from edge3dpose.archive.long_clips import LongClips
from edge3dpose.archive.reading import Told, read, video_s
from edge3dpose.archive.record import ClipRecord
from edge3dpose.archive.sections import SectionsFolder
from edge3dpose.archive.table import write_parquet
from edge3dpose.archive.task import ClipTask, Outcome, SectionDone, SplitClip
from edge3dpose.errors import BadInput, Edge3DPoseError
from edge3dpose.pose import PoseEstimator
from edge3dpose.runtime.sources import open_source


class ClipWorker:
    """Does clips, and sections of long ones, one after another. Not thread-safe."""

    def __init__(self, job: ArchiveJob) -> None:
        self._job, self._folder = job, ArchiveFolder(job.out)
        self._long = LongClips(job)
        self._pose: PoseEstimator | None = None

    def open(self) -> str | None:
        """Open the engine; returns why that cannot be, None where it is open."""
        try:
            self._pose = PoseEstimator(**self._job.estimator)
        except Edge3DPoseError as error:
            return str(error)
        return None

    def process(self, task: ClipTask, told: Told | None = None) -> Outcome:
        """A clip -> its part and its record, both written; a clip that fails has a record too.

        A section gives its poses; of a long clip its plan comes first.
        told  called with frames done and frames in all, now and then
        Raises BadInput where the record cannot be written.
        """
        if task.step == "section":
            return self._section(task, told)
        begin_s, cpu_s = perf_counter(), process_time()
        clip = clip_at(task.clip.path, task.clip.key)
        about = ClipRecord.failed(clip, self._job.pipeline, task.attempt)
        about = replace(about, host=platform.node())
        try:
            if task.step == "join":
                record = self._joined(about)
            else:
                about = replace(about, sha256=_hash(clip))
                if split := self._split(clip, about, task, (begin_s, cpu_s)):
                    return split
                record = self._done(clip, about, task.known, told)
        except Exception as error:  # of any kind: one clip's, and the archive goes on
            record = replace(about, reason=_reason(error))
        if task.known is None or record.sha256 != task.known.sha256:
            record = replace(
                record,
                elapsed_s=round(record.elapsed_s + perf_counter() - begin_s, 3),
                cpu_s=round(record.cpu_s + process_time() - cpu_s, 3),
            )
        self._folder.save(record)
        if record.done or task.step == "join":  # they are joined, or cannot be
            SectionsFolder(self._job.out, clip.key).discard()
        return record

    def _split(
        self, clip: Clip, about: ClipRecord, task: ClipTask, begun: tuple[float, float]
    ) -> SplitClip | None:
        """The plan of a long clip; None for others, and for one that is done."""
        if task.known is not None and task.known.sha256 == about.sha256:
            return None
        return self._long.plan(clip, about.sha256 or "", begun)

    def _section(self, task: ClipTask, told: Told | None) -> SectionDone:
        assert self._pose is not None
        try:
            with self._work() as work:
                self._long.section(self._pose, task, work, told)
        except Exception as error:  # of any kind: one clip's, and the archive goes on
            return SectionDone(task.number, _reason(error))
        return SectionDone(task.number)

    def _joined(self, about: ClipRecord) -> ClipRecord:
        with self._work() as work:
            record = self._long.join(about, work)
            return self._with_part(record, self._publish(work, about.clip))

    def _done(
        self, clip: Clip, about: ClipRecord, known: ClipRecord | None, told: Told | None
    ) -> ClipRecord:
        if known is not None and known.sha256 == about.sha256:
            return replace(known, bytes=clip.size, mtime_ns=clip.mtime_ns, path=str(clip.path))
        assert self._pose is not None
        with self._work() as work:
            seen = read(self._pose, open_source(clip.path), work, told)
            now = clip_at(clip.path, clip.key)
            if (now.size, now.mtime_ns) != (clip.size, clip.mtime_ns):
                raise BadInput(f"{clip.path} was changed while it was read; run it again")
            part = self._publish(work, clip.key)
        record = replace(
            about,
            state="done",
            reason=seen.fault,
            frames=seen.frames,
            video_s=video_s(seen.first_s, seen.last_s, seen.frames),
            with_people=seen.with_people,
            people=len(seen.ids),
            poses=seen.poses,
            size_px=seen.size_px,
            stage_ms=seen.stage_ms,
            peak_mb=machine.peak_mb(),
        )
        return self._with_part(record, part)

    def _with_part(self, record: ClipRecord, part: Path) -> ClipRecord:
        name = part.relative_to(self._job.out).as_posix()
        return replace(record, part=name, part_bytes=part.stat().st_size)

    @contextlib.contextmanager
    def _work(self) -> Iterator[Path]:
        """A name for poses that are being written; removed where it was not moved away."""
        self._folder.work.mkdir(parents=True, exist_ok=True)
        work = self._folder.work / f"{uuid.uuid4().hex}.jsonl"
        try:
            yield work
        finally:
            with contextlib.suppress(OSError):
                work.unlink(missing_ok=True)

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


def _reason(error: Exception) -> str:
    """One line."""
    text = str(error) if isinstance(error, Edge3DPoseError) else f"{type(error).__name__}: {error}"
    return " ".join(text.split()) or type(error).__name__
