"""How far the poses of a long clip that was done in sections are from those of the whole clip.

    python benchmarks/split.py --root CLIPS --minutes 0.75 --report benchmarks/split.json

Each clip is done in one go and in sections; frames and people are compared one by one.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import click
import numpy as np

from edge3dpose.archive.folder import ArchiveFolder
from edge3dpose.archive.job import ArchiveJob, settled
from edge3dpose.archive.run_archive import Manpower, run_archive
from edge3dpose.archive.sections import OVERLAP_S
from edge3dpose.poses_file import FramePoses, read_poses
from edge3dpose.reports.archive_rows import SplitClipRow, SplitReport
from edge3dpose.reports.rows import new_header, save

PATH = click.Path(path_type=Path)
FAR_PX = 100.0  # mean distance of the joints from which two poses are of two people


def done(root: Path, job: ArchiveJob) -> dict[str, list[FramePoses]]:
    """The poses of all clips."""
    result = run_archive(root, job, Manpower(workers=1))
    if result.failed:
        raise click.ClickException(result.failed[0].reason or "a clip failed")
    folder = ArchiveFolder(job.out)
    return {one.clip: list(read_poses(folder.part(one.clip, "jsonl"))) for one in folder.records()}


def compared(whole: list[FramePoses], split: list[FramePoses], facts: dict) -> SplitClipRow:
    """Frame by frame."""
    if [(f.index, f.time_s) for f in whole] != [(f.index, f.time_s) for f in split]:
        raise click.ClickException("the frames are not the same")
    joints_mm, roots_mm, alone = [], [], 0
    for a, b in zip(whole, split, strict=True):
        for person in a.people:
            apart = [float(np.abs(person.pixels - one.pixels).mean()) for one in b.people]
            if not apart or min(apart) > FAR_PX:
                alone += 1
                continue
            other = b.people[int(np.argmin(apart))]
            away = np.linalg.norm(person.joints_mm - other.joints_mm, axis=1)
            joints_mm.append(float(away.mean()))
            roots_mm.append(float(np.linalg.norm(person.root_mm - other.root_mm)))
    ids = [len({p.track_id for f in one for p in f.people}) for one in (whole, split)]
    return SplitClipRow(
        **facts,
        frames=len(whole),
        poses=len(joints_mm) + alone,
        only_whole=alone,
        people=ids[0],
        people_split=ids[1],
        same=round(float(np.mean(np.array(joints_mm) == 0)), 4),
        mean_mm=round(float(np.mean(joints_mm)), 2),
        p95_mm=round(float(np.percentile(joints_mm, 95)), 2),
        root_mean_mm=round(float(np.mean(roots_mm)), 2),
    )


@click.command()
@click.option("--root", type=PATH, required=True, help="Folder of videos, or a list of them.")
@click.option("--minutes", type=float, multiple=True, required=True, help="Of a section.")
@click.option("--report", type=PATH, required=True)
def main(root: Path, minutes: tuple[float, ...], report: Path) -> None:
    """Do the clips and write the report."""
    header = new_header(SplitReport)
    rows = []
    with tempfile.TemporaryDirectory() as place:
        job, config = settled({"threads": 1}, Path(place) / "whole", "jsonl")
        whole = done(root, job)
        for length in minutes:
            out = Path(place) / f"split-{length}"
            job, _ = settled({"threads": 1}, out, "jsonl", split_s=60 * length)
            for clip, poses in done(root, job).items():
                record = ArchiveFolder(out).load(clip)
                assert record is not None
                facts = {
                    "clip": clip,
                    "sections": record.sections,
                    "overlap_s": min(OVERLAP_S, 30 * length),
                }
                rows.append(compared(whole[clip], poses, facts))
                click.echo(rows[-1])
    engine = f"{config.spec.name} cut {config.cut}, {config.precision}, {config.backend}"
    save(SplitReport(header=header, engine=engine, clips=tuple(rows)), report)


if __name__ == "__main__":
    main()
