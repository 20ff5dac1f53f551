"""Long clips: their plan, their sections one by one, and the joint of all of them."""

from __future__ import annotations

import platform
from dataclasses import replace
from pathlib import Path
from time import perf_counter, process_time

from edge3dpose import machine
from edge3dpose.archive.clips import Clip, clip_at
from edge3dpose.archive.job import ArchiveJob
from edge3dpose.archive.join import join
from edge3dpose.archive.reading import Told, read, video_s
from edge3dpose.archive.record import ClipRecord
from edge3dpose.archive.sections import Plan, SectionRecord, SectionsFolder, spans_of
from edge3dpose.archive.task import ClipTask, SplitClip
from edge3dpose.errors import BadInput
from edge3dpose.pose import PoseEstimator
from edge3dpose.runtime.sources import find, open_source
from edge3dpose.runtime.sources._section import Reach, Section, frame_times

_LONGER = 1.5  # sections, from which a clip is split


class LongClips:
    """What a worker does with clips that are longer than ``job.split_s``."""

    def __init__(self, job: ArchiveJob) -> None:
        self._job = job

    def plan(self, clip: Clip, sha256: str, begun: tuple[float, float]) -> SplitClip | None:
        """Write where the sections of a clip are; None where it is not split.

        begun  when its hash was begun: by the clock, by CPU time
        Raises BadInput where the clip is no video.
        """
        length_s = self._job.split_s
        if not length_s or find(str(clip.path)).name != "video":
            return None
        folder = SectionsFolder(self._job.out, clip.key)
        plan = folder.plan(clip, self._job.pipeline, length_s)
        if plan is None or plan.sha256 != sha256:
            if (plan := self._planned(clip, sha256)) is None:
                return None
            spent = perf_counter() - begun[0], process_time() - begun[1]
            folder.begin(replace(plan, elapsed_s=round(spent[0], 3), cpu_s=round(spent[1], 3)))
        frames = tuple(plan.frames_of(number) for number in range(len(plan.spans)))
        return SplitClip(frames, frozenset(folder.done(plan)))

    def _planned(self, clip: Clip, sha256: str) -> Plan | None:
        length_s = self._job.split_s
        if not _may_be_longer(clip.path, _LONGER * length_s):
            return None
        times = frame_times(clip.path)
        if times is None or times.times_s[-1] < _LONGER * length_s:
            return None
        spans = spans_of(times, length_s)
        for span in spans[1:]:  # it has to be found there, before others wait for it
            try:
                Section(clip.path, Reach(span.first_s, span.until_s, times.origin_s)).close()
            except BadInput:
                return None
        if len(spans) < 2:
            return None
        return Plan(
            clip=clip.key,
            sha256=sha256,
            bytes=clip.size or 0,
            mtime_ns=clip.mtime_ns,
            pipeline=dict(self._job.pipeline),
            length_s=length_s,
            origin_s=times.origin_s,
            frames=len(times.times_s),
            total_s=float(times.times_s[-1]),
            spans=spans,
        )

    def section(
        self, pose: PoseEstimator, task: ClipTask, work: Path, told: Told | None = None
    ) -> None:
        """Write the poses of a section, and that it is done.

        work  name of a file that is not there yet
        Raises BadInput where it cannot be read.
        """
        begin_s, cpu_s = perf_counter(), process_time()
        folder = SectionsFolder(self._job.out, task.clip.key)
        plan = folder.read_plan()
        seen = read(pose, Section(task.clip.path, plan.reach(task.number)), work, told)
        _check(plan, task.clip.path)
        record = SectionRecord(
            number=task.number,
            bytes=work.stat().st_size,
            frames=seen.frames,
            reason=seen.fault,
            attempts=task.attempt,
            size_px=seen.size_px,
            elapsed_s=round(perf_counter() - begin_s, 3),
            cpu_s=round(process_time() - cpu_s, 3),
            stage_ms=seen.stage_ms,
            peak_mb=machine.peak_mb(),
            host=platform.node(),
        )
        folder.save(record, work)

    def join(self, about: ClipRecord, out: Path) -> ClipRecord:
        """The sections of a clip -> its poses in one file, and its record but for the part.

        Raises BadInput where one of them is not there, or the clip is another one now.
        """
        folder = SectionsFolder(self._job.out, about.clip)
        plan = folder.read_plan()
        _check(plan, Path(about.path))
        done = folder.done(plan)
        if missing := set(range(len(plan.spans))) - set(done):
            raise BadInput(f"section {min(missing) + 1} of {about.clip} is not there; run it again")
        sections = [done[number] for number in range(len(plan.spans))]
        joined = join(plan, [folder.poses(one.number) for one in sections], out)
        peaks = [one.peak_mb for one in sections if one.peak_mb is not None]
        return replace(
            about,
            state="done",
            sha256=plan.sha256,
            reason=_reasons(plan, sections),
            attempts=max(about.attempts, *(one.attempts for one in sections)),
            frames=joined.frames,
            video_s=video_s(joined.first_s, joined.last_s, joined.frames),
            with_people=joined.with_people,
            people=len(joined.ids),
            poses=joined.poses,
            sections=len(sections),
            size_px=sections[0].size_px,
            elapsed_s=plan.elapsed_s + sum(one.elapsed_s for one in sections),
            cpu_s=plan.cpu_s + sum(one.cpu_s for one in sections),
            stage_ms=_stages(sections),
            peak_mb=max(peaks, default=None),
        )


def _may_be_longer(path: Path, length_s: float) -> bool:
    """By the headers; they may be wrong, but then a clip is only not split."""
    source = open_source(path)
    try:
        return bool(source.frames and source.fps and source.frames / source.fps > length_s)
    finally:
        source.close()


def _check(plan: Plan, path: Path) -> None:
    if not plan.is_of(clip_at(path, plan.clip)):
        raise BadInput(f"{path} was changed while it was read; run it again")


def _reasons(plan: Plan, sections: list[SectionRecord]) -> str | None:
    bad = [one for one in sections if one.reason]
    texts = [
        f"section {one.number + 1} ({plan.spans[one.number].text}): {one.reason}" for one in bad
    ]
    return "; ".join(texts) or None


def _stages(sections: list[SectionRecord]) -> dict[str, float]:
    """Means, weighted by frames."""
    frames = sum(one.frames for one in sections)
    names = dict.fromkeys(name for one in sections for name in one.stage_ms)
    sums = {n: sum(one.stage_ms.get(n, 0.0) * one.frames for one in sections) for n in names}
    return {name: round(total / max(1, frames), 3) for name, total in sums.items()}
