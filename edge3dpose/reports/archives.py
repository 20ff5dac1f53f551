"""What an archive costs, as tables: from measured CPU time to cores, hours and disks."""

from __future__ import annotations

from collections.abc import Mapping

from edge3dpose.reports.archive_rows import ArchiveReport, ReadClip, ReadingReport, SplitReport
from edge3dpose.reports.camera_rows import CamerasReport
from edge3dpose.reports.columns import Column, Figure, Table, make_table

HOURS = 10_000  # of video
VIDEO_FPS = 30.0
CAMERAS = 200
CAMERA_FPS = 15.0


def measured_table(reports: Mapping[str, ArchiveReport]) -> Table:
    """A row a report: what was measured."""
    columns: list[Column] = [
        ("clips", lambda r: ", ".join(f"{n} of {size}" for size, n in r.frame_sizes.items())),
        ("engine", _engine),
        (Figure("people", "people a frame", form=".2f"), lambda r: r.poses / max(1, r.frames)),
        ("workers x threads", lambda r: f"{r.workers} x {r.threads}"),
        (Figure("cpu", "CPU time a frame", "ms", form=".1f"), _cpu_ms),
        (Figure("core", "frames a core second", form=".1f"), lambda r: 1000 / _cpu_ms(r)),
        (Figure("fps", "FPS of all workers", form=".1f"), lambda r: r.fps),
        (Figure("cpus", "CPUs that were had", form=".2f"), lambda r: r.cpu_s / r.elapsed_s),
        (Figure("peak", "memory a worker", "MB", form=".0f"), lambda r: r.peak_mb),
    ]
    return make_table("measured", list(reports.values()), columns, mark_best=False)


def cost_table(reports: Mapping[str, ArchiveReport]) -> Table:
    """A row a report: what follows for 10,000 hours and for 200 cameras."""
    columns: list[Column] = [
        ("clips", lambda r: ", ".join(r.frame_sizes)),
        (Figure("core_hours", "core hours", form=",.0f"), core_hours),
        (Figure("days", "days on 64 cores", form=".1f"), lambda r: core_hours(r) / 64 / 24),
        (Figure("tb", "poses, JSON lines", "TB", form=".2f"), _poses_tb),
        (Figure("in", "video in a second on 64 cores", "MB", form=".1f"), _read_mb_s),
        (Figure("cores", "cores for the cameras", form=".0f"), camera_cores),
        (Figure("gb", "memory for the cameras", "GB", form=".0f"), _camera_gb),
    ]
    return make_table("cost", list(reports.values()), columns, mark_best=False)


def reading_table(report: ReadingReport) -> Table:
    """A row a clip: what reading it costs without any pose."""

    def ms(clip: ReadClip) -> float:
        return 1000 * clip.cpu_s / max(1, clip.frames)

    def hours(clip: ReadClip) -> float:
        return ms(clip) / 1000 * HOURS * VIDEO_FPS

    columns: list[Column] = [
        ("clip", lambda clip: clip.name),
        ("size", lambda clip: "x".join(str(side) for side in clip.size_px)),
        (Figure("ms", "CPU time a frame", "ms", form=".1f"), ms),
        (Figure("hours", "core hours of 10,000 h", form=",.0f"), hours),
        (Figure("cores", "cores for 200 cameras", form=".0f"),
         lambda clip: ms(clip) / 1000 * CAMERAS * CAMERA_FPS),
    ]  # fmt: skip
    return make_table("reading", report.clips, columns, mark_best=False)


def split_table(report: SplitReport) -> Table:
    """A row a clip and length of the sections: how far it is from the clip in one go."""
    columns: list[Column] = [
        ("clip", lambda row: row.clip),
        (Figure("sections", "sections", form="d"), lambda row: row.sections),
        (Figure("overlap", "overlap", "s", form=".1f"), lambda row: row.overlap_s),
        (Figure("poses", "poses", form="d"), lambda row: row.poses),
        (Figure("missing", "not found in the sections", form="d"), lambda row: row.only_whole),
        ("people", lambda row: f"{row.people_split} of {row.people}"),
        (Figure("same", "the same bits", form=".0%"), lambda row: row.same),
        (Figure("mean", "joints apart", "mm", form=".1f"), lambda row: row.mean_mm),
        (Figure("p95", "p95", "mm", form=".1f"), lambda row: row.p95_mm),
        (Figure("root", "pelvis apart", "mm", form=".0f"), lambda row: row.root_mean_mm),
    ]
    return make_table("split", report.clips, columns, mark_best=False)


def cameras_table(reports: Mapping[str, CamerasReport]) -> Table:
    """A row a report: several live cameras, a process each; means of the cameras."""

    def mean(report: CamerasReport, key: str) -> float:
        return sum(getattr(row, key) or 0 for row in report.cameras) / len(report.cameras)

    def fps(report: CamerasReport) -> float:
        return mean(report, "processed") / report.seconds

    def had(report: CamerasReport) -> float:
        return len(report.cameras) * mean(report, "cpu_s") / report.seconds

    columns: list[Column] = [
        ("cameras", lambda r: f"{len(r.cameras)} of {r.frame_size} at {r.camera_fps:g} FPS"),
        ("engine", lambda r: r.engine),
        (Figure("people", "people a frame", form=".1f"), lambda r: mean(r, "people")),
        (Figure("fps", "FPS a camera", form=".1f"), fps),
        (Figure("dropped", "dropped", form=".0%"),
         lambda r: mean(r, "dropped") / (mean(r, "processed") + mean(r, "dropped"))),
        (Figure("p50", "age p50", "ms", form=".0f"), lambda r: mean(r, "age_p50_ms")),
        (Figure("p95", "age p95", "ms", form=".0f"), lambda r: mean(r, "age_p95_ms")),
        (Figure("had", "cores that were had", form=".2f"), had),
        (Figure("each", "FPS a core that was had", form=".1f"),
         lambda r: len(r.cameras) * fps(r) / had(r)),
        (Figure("peak", "memory a camera", "MB", form=".0f"), lambda r: mean(r, "peak_mb")),
    ]  # fmt: skip
    return make_table("cameras", list(reports.values()), columns, mark_best=False)


def core_hours(report: ArchiveReport) -> float:
    """Of 10,000 hours of such video at 30 frames a second, every frame taken."""
    return _cpu_ms(report) / 1000 * HOURS * VIDEO_FPS


def camera_cores(report: ArchiveReport) -> float:
    """Cores that 200 cameras of 15 frames a second keep busy."""
    return _cpu_ms(report) / 1000 * CAMERAS * CAMERA_FPS


def _engine(report: ArchiveReport) -> str:
    words = report.pipeline
    return f"{words['model']} cut {words['cut']}, {words['backend']} {words['precision']}"


def _cpu_ms(report: ArchiveReport) -> float:
    return 1000 * report.cpu_s / max(1, report.frames)


def _poses_tb(report: ArchiveReport) -> float:
    return report.part_bytes / max(1, report.frames) * HOURS * 3600 * VIDEO_FPS / 1e12


def _read_mb_s(report: ArchiveReport) -> float:
    frames_s = 64 * 1000 / _cpu_ms(report)
    return report.clip_bytes / max(1, report.frames) * frames_s / 1e6


def _camera_gb(report: ArchiveReport) -> float | None:
    return None if report.peak_mb is None else CAMERAS * report.peak_mb / 1000
