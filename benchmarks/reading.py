"""What reading clips costs: CPU time a frame, with nobody who looks at the frames.

    python benchmarks/reading.py --root VIDEOS --report benchmarks/reading.json

Each clip is opened as `run` opens it and read to its end. CPU time is of all threads: decoder and
colour conversion among them.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from time import perf_counter, process_time

import av
import click

from edge3dpose.archive.clips import find_clips
from edge3dpose.reports.archive_rows import ReadClip, ReadingReport
from edge3dpose.reports.rows import new_header, save
from edge3dpose.runtime.sources import open_source

PATH = click.Path(path_type=Path)


def read(file: Path) -> ReadClip:
    """Read one clip."""
    frames, size = 0, (0, 0)
    elapsed_s, cpu_s = perf_counter(), process_time()
    with closing(open_source(file)) as source:
        for frame in source:
            frames += 1
            size = frame.image.shape[1], frame.image.shape[0]
    elapsed_s, cpu_s = perf_counter() - elapsed_s, process_time() - cpu_s
    with av.open(str(file)) as container:
        codec = container.streams.video[0].codec_context.name
    return ReadClip(
        name=file.name,
        size_px=size,
        codec=codec,
        frames=frames,
        bytes=file.stat().st_size,
        cpu_s=round(cpu_s, 3),
        elapsed_s=round(elapsed_s, 3),
    )


@click.command()
@click.option("--root", type=PATH, required=True, help="Folder of videos, or a list of them.")
@click.option("--report", type=PATH, required=True)
def main(root: Path, report: Path) -> None:
    """Read the clips and write the report."""
    header = new_header(ReadingReport)
    clips = find_clips(root, report.parent)
    read(clips[0].path)  # the first one loads the packages
    save(ReadingReport(header=header, clips=tuple(read(c.path) for c in clips)), report)


if __name__ == "__main__":
    main()
