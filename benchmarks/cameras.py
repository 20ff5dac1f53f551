"""Several live cameras on a few cores: a process each, what they take and what they drop.

    python benchmarks/cameras.py --report benchmarks/cameras.json

The cameras are Motion JPEG over HTTP on the loopback: the frames of the bundled clip again and
again, compressed beforehand. What comes in the first seconds is not counted: engines are opened.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import click
import cv2
import numpy as np
import psutil

from edge3dpose import machine
from edge3dpose.reports.camera_rows import CameraRow, CamerasReport
from edge3dpose.reports.rows import new_header, save
from edge3dpose.runtime.sources import open_source


class Cameras:
    """A server whose every connection is a camera."""

    def __init__(self, fps: float) -> None:
        images = [frame.image for frame in open_source("sample")]
        self.size = images[0].shape[1], images[0].shape[0]
        jpegs = [cv2.imencode(".jpg", image)[1].tobytes() for image in images]

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                begin_s, number = time.monotonic(), 0
                with suppress(OSError):
                    while True:
                        jpeg = jpegs[number % len(jpegs)]
                        head = "--frame\r\nContent-Type: image/jpeg\r\n"
                        head += f"Content-Length: {len(jpeg)}\r\n\r\n"
                        self.wfile.write(head.encode() + jpeg + b"\r\n")
                        number += 1
                        time.sleep(max(0.0, begin_s + number / fps - time.monotonic()))

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Of any of them."""
        return f"http://127.0.0.1:{self.server.server_address[1]}/camera.mjpg"


def used(process: subprocess.Popen) -> tuple[float, float | None]:
    """CPU seconds and peak resident MB of a process so far."""
    times = psutil.Process(process.pid).cpu_times()
    return times.user + times.system, machine.peak_mb(process.pid)


def lines_of(file: Path) -> list[dict]:
    """The frames that a run has written so far, and its header."""
    text = file.with_name(f"{file.stem}.part.jsonl").read_text("utf-8")
    lines = [json.loads(line) for line in text.splitlines() if line.endswith("}")]
    return [line for line in lines if "event" not in line]


def row(before: tuple[int, float], file: Path, process: subprocess.Popen) -> CameraRow:
    """What one camera came to since ``before``: lines and CPU seconds."""
    cpu_s, peak_mb = used(process)
    lines = lines_of(file)
    new = lines[before[0] :]
    ages = np.array([line["age_s"] for line in new]) * 1000
    return CameraRow(
        processed=len(new),
        dropped=new[-1]["dropped"] - lines[before[0] - 1]["dropped"],
        people=round(float(np.mean([len(line["people"]) for line in new])), 3),
        cpu_s=round(cpu_s - before[1], 3),
        peak_mb=peak_mb,
        age_p50_ms=round(float(np.percentile(ages, 50)), 1),
        age_p95_ms=round(float(np.percentile(ages, 95)), 1),
    )


@click.command()
@click.option("--cameras", "count", default=4, show_default=True)
@click.option("--fps", default=15.0, show_default=True)
@click.option("--seconds", default=40.0, show_default=True)
@click.option("--cores", default=2, show_default=True, help="That everything is held to.")
@click.option("--report", type=click.Path(path_type=Path), required=True)
@click.argument("options", nargs=-1)
def main(count: int, fps: float, seconds: float, cores: int, report: Path, options: tuple) -> None:
    """Run the cameras, with OPTIONS of edge3dpose run, and write the report."""
    header = new_header(CamerasReport)
    allowed = sorted(os.sched_getaffinity(0))[:cores]
    os.sched_setaffinity(0, allowed)
    cameras = Cameras(fps)
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{n}.jsonl" for n in range(count)]
        run = [sys.executable, "-m", "edge3dpose", "run", "--source", cameras.url, "--no-show"]
        processes = [
            subprocess.Popen(
                [*run, "--threads", "1", *options, "--jsonl", str(file)], stderr=subprocess.DEVNULL
            )
            for file in files
        ]
        try:
            while not all(f.with_name(f"{f.stem}.part.jsonl").exists() for f in files):
                time.sleep(0.5)
            time.sleep(10)
            before = [(len(lines_of(f)), used(p)[0]) for f, p in zip(files, processes, strict=True)]
            own_s, begin_s = time.process_time(), time.monotonic()
            time.sleep(seconds)
            span_s, own_s = time.monotonic() - begin_s, time.process_time() - own_s
            every = zip(before, files, processes, strict=True)
            rows = tuple(row(*one) for one in every)
            head = lines_of(files[0])[0]
        finally:
            for process in processes:
                process.send_signal(signal.SIGINT)
            for process in processes:
                process.wait(30)
    names = ("model", "cut", "precision", "backend")
    made = CamerasReport(
        header=header,
        engine="{} cut {}, {}, {}".format(*(head[name] for name in names)),
        options=options,
        camera_fps=fps,
        frame_size="x".join(str(side) for side in cameras.size),
        seconds=round(span_s, 2),
        server_cpu_s=round(own_s, 3),
        cores=len(allowed),
        load_average_after=tuple(machine.load_average()),
        cameras=rows,
    )
    save(made, report)
    for one in rows:
        click.echo(one)


if __name__ == "__main__":
    main()
