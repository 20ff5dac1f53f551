"""A run of an archive as a report for benchmarks/."""

from __future__ import annotations

from collections import Counter

from edge3dpose import machine
from edge3dpose.archive.job import ArchiveJob
from edge3dpose.archive.record import ClipRecord
from edge3dpose.archive.run_archive import ArchiveResult
from edge3dpose.reports.archive_rows import ArchiveReport
from edge3dpose.reports.rows import Header, new_header


def header() -> Header:
    """Of a report that begins now: the load of the machine before the work."""
    return new_header(ArchiveReport)


def report_of(begun: Header, result: ArchiveResult, job: ArchiveJob, *, ray: bool) -> ArchiveReport:
    """The figures of the clips that were done in this run."""
    done = [record for record in result.records if record.done]
    frames = sum(record.frames for record in done)
    sizes = Counter("x".join(str(side) for side in record.size_px) for record in done)
    peaks = [record.peak_mb for record in done if record.peak_mb is not None]
    return ArchiveReport(
        header=begun,
        pipeline=dict(job.pipeline),
        workers=result.workers,
        threads=result.threads,
        ray=ray,
        clips=len(result.records),
        failed=len(result.failed),
        frames=frames,
        poses=sum(record.poses for record in done),
        video_s=round(sum(record.video_s for record in done), 3),
        frame_sizes=dict(sizes),
        elapsed_s=round(result.elapsed_s, 3),
        worker_s=round(sum(record.elapsed_s for record in done), 3),
        cpu_s=round(sum(record.cpu_s for record in done), 3),
        fps=round(frames / result.elapsed_s, 2) if result.elapsed_s else 0.0,
        clip_bytes=sum(record.bytes or 0 for record in done),
        part_bytes=sum(record.part_bytes for record in done),
        stage_ms=_stages(done, frames),
        peak_mb=max(peaks, default=None),
        load_average_after=tuple(machine.load_average()),
    )


def _stages(done: list[ClipRecord], frames: int) -> dict[str, float]:
    names = dict.fromkeys(name for record in done for name in record.stage_ms)
    sums = {n: sum(r.stage_ms.get(n, 0.0) * r.frames for r in done) for n in names}
    return {name: round(total / max(1, frames), 3) for name, total in sums.items()}
