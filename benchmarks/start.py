"""Seconds from typing `edge3dpose run` to the first pose on its standard output.

    python benchmarks/start.py --out benchmarks/start-2-cores.json

The clock starts before the command's process and stops with the first line that has a person.
``cpu_s`` is of the whole command, which ends after one frame; ``peak_mb`` of the largest of its
processes. ``first`` has an empty folder of engines, as after the installation: another process
builds one, and that is the largest then. Of ``again`` all files are in
the system's cache.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

from edge3dpose import machine, storage

SCHEMA = "edge3dpose.start/1"
WORDS = ("run", "--source", "sample", "--no-show", "--jsonl", "-", "--max-frames", "1")


def once(home: Path) -> dict[str, float]:
    """Start the program and wait for its first pose."""
    place = {**os.environ, "EDGE3DPOSE_HOME": str(home)}
    command = (sys.executable, "-m", "edge3dpose", *WORDS)
    start = time.perf_counter()
    with subprocess.Popen(
        command, env=place, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as program:
        assert program.stdout is not None
        if not any(b'"joints_mm":[' in line for line in program.stdout):
            raise click.ClickException("the program said no pose")
        pose_s = time.perf_counter() - start
        program.stdout.read()
        _, _, used = os.wait4(program.pid, 0)
        program.returncode = 0
    return {
        "pose_s": round(pose_s, 3),
        "cpu_s": round(used.ru_utime + used.ru_stime, 3),
        "peak_mb": round(used.ru_maxrss * 1024 / 1e6, 1),
    }


@click.command()
@click.option("--out", type=click.Path(path_type=Path), required=True)
@click.option("--times", default=9, show_default=True)
def main(out: Path, times: int) -> None:
    """Measure and write; on Linux."""
    with tempfile.TemporaryDirectory() as folder:
        first = once(Path(folder))
        again = [once(Path(folder)) for _ in range(times)]
    medians = {name: statistics.median(one[name] for one in again) for name in again[0]}
    content = {
        "schema": SCHEMA,
        "machine": machine.describe(),
        "protocol": " ".join((__doc__ or "").split()),
        "first": first,
        "again": again,
        "median": medians,
    }
    storage.save_json(out, content)
    click.echo(f"first {first}\nmedian {medians}")


if __name__ == "__main__":
    main()
