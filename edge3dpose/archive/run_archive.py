"""The whole job: find the clips, leave out what is done, do the others, say what came of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

from edge3dpose import machine
from edge3dpose.archive.clips import Clip, find_clips
from edge3dpose.archive.crew import Crew
from edge3dpose.archive.folder import ArchiveFolder
from edge3dpose.archive.job import ArchiveJob, with_threads
from edge3dpose.archive.local_crew import LocalCrew
from edge3dpose.archive.progress import ArchiveProgress, duration
from edge3dpose.archive.ray_crew import RayCrew
from edge3dpose.archive.record import ClipRecord
from edge3dpose.archive.schedule import Schedule
from edge3dpose.archive.table import check_package
from edge3dpose.archive.task import ClipTask
from edge3dpose.counting import counted


@dataclass(frozen=True, slots=True)
class Manpower:
    """Who does the work.

    workers  processes or actors; None for one a core, with the threads that each has
    ray      address of a Ray cluster, or "local"; None for processes of this machine
    rehash   read clips again whose size and time are as they were, to compare their hash
    """

    workers: int | None = None
    ray: str | None = None
    rehash: bool = False


@dataclass(frozen=True, slots=True)
class ArchiveResult:
    """What a run came to.

    skipped    clips that were done before
    records    of the clips of this run: done, or failed
    elapsed_s  from starting the workers to the last record
    """

    clips: int
    skipped: int
    workers: int
    threads: int
    records: tuple[ClipRecord, ...]
    elapsed_s: float

    @property
    def failed(self) -> tuple[ClipRecord, ...]:
        """Those without poses."""
        return tuple(record for record in self.records if not record.done)

    @property
    def damaged(self) -> tuple[ClipRecord, ...]:
        """Those that ended before their time."""
        return tuple(record for record in self.records if record.done and record.reason)

    @property
    def frames(self) -> int:
        """Frames of the clips that were done in this run."""
        return sum(record.frames for record in self.records)

    @property
    def frames_a_core_s(self) -> float:
        """Frames in a second of CPU time, all threads of the workers counted."""
        cpu_s = sum(record.cpu_s for record in self.records)
        return self.frames / cpu_s if cpu_s else 0.0

    @property
    def text(self) -> str:
        """One line."""
        done = len(self.records) - len(self.failed)
        line = f"{counted(self.clips, 'clip')}: {done} done now, {self.skipped} before"
        if self.frames:
            fps = self.frames / self.elapsed_s
            line += f"; {self.frames} frames in {duration(self.elapsed_s)}, {fps:.1f} FPS"
            line += f", {self.frames_a_core_s:.1f} frames a core second"
        return line


def run_archive(
    source: Path,
    job: ArchiveJob,
    manpower: Manpower | None = None,
    on_progress: Callable[[ArchiveProgress], None] | None = None,
) -> ArchiveResult:
    """Do the clips of a folder or list that are not done yet.

    source  folder with videos, or a list with a path a line
    job     of ``job.settled``
    A clip that fails is told in the result and in the archive's failed.jsonl, and tried again in
    the next run. Raises BadInput where there is no clip, where the folder cannot be written or is
    another run's, and where no worker can start.
    """
    manpower = manpower or Manpower()
    if job.format == "parquet":
        check_package()
    folder = ArchiveFolder(job.out)
    clips = find_clips(source, job.out)
    with folder.held():
        folder.begin(job.format)
        folder.clear_work()
        tasks = [
            task for clip in clips if (task := _task(folder, job, clip, rehash=manpower.rehash))
        ]
        try:
            return _run(folder, job, manpower, (len(clips), tasks), on_progress)
        finally:
            folder.clear_work()
            folder.write_manifest()


def _task(folder: ArchiveFolder, job: ArchiveJob, clip: Clip, *, rehash: bool) -> ClipTask | None:
    """What is to be done of a clip; None where it is done."""
    record = folder.load(clip.key)
    if record is None or not record.done or record.pipeline != job.pipeline:
        return ClipTask(clip)
    part = folder.part(clip.key, job.format)
    if not part.is_file() or part.stat().st_size != record.part_bytes:
        return ClipTask(clip)
    if (clip.size, clip.mtime_ns) == (record.bytes, record.mtime_ns) and not rehash:
        return None
    return ClipTask(clip, known=record)


def _run(
    folder: ArchiveFolder,
    job: ArchiveJob,
    manpower: Manpower,
    clips: tuple[int, list[ClipTask]],
    on_progress: Callable[[ArchiveProgress], None] | None,
) -> ArchiveResult:
    count, tasks = clips
    if not tasks:
        return ArchiveResult(count, count, 0, 0, (), 0.0)
    schedule = Schedule(tasks, folder.check_space, _loser(folder, job))
    records = []
    with ExitStack() as stack:
        crew, workers, threads = _crew(job, manpower)
        stack.callback(crew.close)
        progress, begin_s = ArchiveProgress.of(tasks), perf_counter()
        for record in schedule.results(crew, workers):
            if record is not None:
                records.append(record)
                progress.add(record)
            progress.update(schedule.running)
            if on_progress:
                on_progress(progress)
        elapsed_s = perf_counter() - begin_s
    return ArchiveResult(
        count, count - len(tasks), min(workers, len(tasks)), threads, tuple(records), elapsed_s
    )


def _crew(job: ArchiveJob, manpower: Manpower) -> tuple[Crew, int, int]:
    """The crew, how many workers, and the threads of each."""
    given: int | None = job.estimator.get("threads")
    if manpower.ray is not None:
        threads = given or 1
        crew = RayCrew(with_threads(job, threads), manpower.ray, threads)
        return crew, manpower.workers or max(1, crew.cpus // threads), threads
    cores = machine.usable_cores()
    workers = manpower.workers or max(1, cores // (given or 1))
    threads = given or max(1, cores // workers)
    return LocalCrew(with_threads(job, threads)), workers, threads


def _loser(folder: ArchiveFolder, job: ArchiveJob) -> Callable[[ClipTask, str], ClipRecord]:
    def lost(task: ClipTask, reason: str) -> ClipRecord:
        record = ClipRecord.failed(task.clip, job.pipeline, task.attempt)
        record = replace(record, reason=reason)
        folder.save(record)
        return record

    return lost
