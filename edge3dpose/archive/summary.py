"""What the records of an archive come to: clips, minutes, people, failures, speed."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from edge3dpose.archive.folder import ArchiveFolder
from edge3dpose.archive.progress import duration
from edge3dpose.archive.sections import begun_clips
from edge3dpose.counting import counted


@dataclass(frozen=True, slots=True)
class ArchiveSummary:
    """Sums over all records.

    people    track ids, counted in each clip: somebody in two clips counts twice
    worker_s  seconds that workers spent on the clips that are done
    early     clip and reason, of the clips that ended early: their poses go as far
    failures  clip and reason, of the clips without poses
    begun     long clips of which some sections are done
    """

    done: int
    failed: int
    video_s: float
    frames: int
    with_people: int
    people: int
    poses: int
    worker_s: float
    clip_bytes: int
    part_bytes: int
    pipelines: tuple[str, ...]
    early: tuple[tuple[str, str], ...]
    failures: tuple[tuple[str, str], ...]
    begun: int

    @property
    def lines(self) -> list[str]:
        """For a reader."""
        damaged = f", {len(self.early)} of them ended early" if self.early else ""
        begun = f", {self.begun} begun in sections" if self.begun else ""
        people = f"people    {self.people} track ids, {self.poses} poses"
        if self.frames:
            share = 100 * self.with_people / self.frames
            people += f"; somebody in {share:.0f} % of the frames"
        found = [
            f"clips     {self.done} done{damaged}, {self.failed} failed{begun}",
            f"video     {self.video_s / 60:.1f} minutes, {self.frames} frames, "
            f"{self.clip_bytes / 1e6:.1f} MB",
            people,
            f"poses     {self.part_bytes / 1e6:.1f} MB",
        ]
        if self.worker_s:
            real = self.video_s / self.worker_s
            found.append(
                f"speed     {self.frames / self.worker_s:.1f} frames a second and worker, "
                f"{real:.2f} times real time; {duration(self.worker_s)} of workers in all"
            )
        found += [f"pipeline  {pipeline}" for pipeline in self.pipelines]
        if len(self.pipelines) > 1:
            found.append("mixed     poses of several pipelines: run the same command to its end")
        found += [f"early     {clip}: {reason}" for clip, reason in self.early]
        return found + [f"failed    {clip}: {reason}" for clip, reason in self.failures]


def summarize(out: Path) -> ArchiveSummary:
    """Read the records of an archive; BadInput where the folder is none."""
    folder = ArchiveFolder(out)
    folder.format()
    records = list(folder.records())
    done = [record for record in records if record.done]
    failed = [record for record in records if not record.done]
    pipelines = Counter(
        "{model} cut {cut} {precision} {backend}, version {version}".format_map(
            defaultdict(str, record.pipeline)
        )
        for record in done
    )
    return ArchiveSummary(
        done=len(done),
        failed=len(failed),
        video_s=sum(record.video_s for record in done),
        frames=sum(record.frames for record in done),
        with_people=sum(record.with_people for record in done),
        people=sum(record.people for record in done),
        poses=sum(record.poses for record in done),
        worker_s=sum(record.elapsed_s for record in done),
        clip_bytes=sum(record.bytes or 0 for record in done),
        part_bytes=sum(record.part_bytes for record in done),
        pipelines=tuple(f"{text}: {counted(count, 'clip')}" for text, count in pipelines.items()),
        early=tuple((record.clip, record.reason) for record in done if record.reason),
        failures=tuple((record.clip, record.reason or "") for record in failed),
        begun=begun_clips(out),
    )
