"""Seconds from typing `edge3dpose run --source sample --serve` to a skeleton in a browser's page.

    python benchmarks/page_start.py --out benchmarks/page-start-2-cores.json

A headless Chromium is open already and asks for the page every 50 ms, as somebody does who has it
open. The clock starts before the command's process and stops when the page has a frame with a
person and has drawn it. ``program_cpu_s`` is what the program took of the CPUs until then, whatever
else the machine did. ``first`` has an empty folder of engines, as after the installation.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from edge3dpose import machine, storage

HERE = Path(__file__).resolve().parent
SCHEMA = "edge3dpose.page_start/1"
SHOWN = "globalThis.edge3dpose && edge3dpose.store.seen.size > 0"
LIMIT_S = 90.0


def free_port() -> int:
    """A port that nobody has."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def once(page: Any, home: Path, picture: Path | None) -> dict[str, float]:
    """Start the program and look; seconds to the page and to the skeleton."""
    address = f"127.0.0.1:{free_port()}"
    words = ("run", "--source", "sample", "--serve", address)
    where = {**os.environ, "EDGE3DPOSE_HOME": str(home)}
    start = time.perf_counter()
    with subprocess.Popen(
        (sys.executable, "-m", "edge3dpose", *words), env=where, stderr=subprocess.DEVNULL
    ) as program:
        try:
            while not _answers(f"http://{address}/"):
                if program.poll() is not None or time.perf_counter() - start > LIMIT_S:
                    sys.exit("the program has ended, or does not answer")
                time.sleep(0.05)
            there_s = time.perf_counter() - start
            page.open(f"http://{address}/", 1280, 800)
            end = time.perf_counter() + LIMIT_S
            while not page.ask(SHOWN):
                if time.perf_counter() > end:
                    sys.exit("no skeleton in the page")
                time.sleep(0.02)
            page.ask("new Promise(done => requestAnimationFrame(() => done(1)))")
            shown_s = time.perf_counter() - start
            cpu_s = _cpu_s(program.pid)
            if picture:
                picture.write_bytes(page.picture())
        finally:
            program.send_signal(signal.SIGINT)
            program.wait(30)
    return {
        "page_s": round(there_s, 2),
        "skeleton_s": round(shown_s, 2),
        "program_cpu_s": round(cpu_s, 2),
    }


def _cpu_s(process: int) -> float:
    """What a process and its children that have ended took so far; NaN but on Linux."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return sum(int(ticks) for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--picture", type=Path)
    given = parser.parse_args()
    sys.path.insert(0, str(HERE.parent / "tests" / "support"))
    import browser

    folder = Path(tempfile.mkdtemp())
    try:
        with browser.opened("about:blank", folder / "profile") as page:
            first = once(page, folder / "home", None)
            again = [once(page, folder / "home", given.picture) for _ in range(given.times)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    content = {
        "schema": SCHEMA,
        "machine": machine.describe(),
        "protocol": " ".join((__doc__ or "").split()),
        "first": first,
        "again": again,
    }
    storage.save_json(given.out, content)
    print("first", first)
    print("again", sorted(one["skeleton_s"] for one in again))


if __name__ == "__main__":
    main()
