"""Long runs: memory, descriptors and threads stay flat. By hand: pytest --soak 100000."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import standing

MOST_GROWTH_MB = 48.0  # after the first fifth: caches of a runtime, not a frame a frame

SOAK = """
import gc, json, os, sys, threading, time
import numpy as np, psutil
from pathlib import Path
from contextlib import closing
import edge3dpose
from edge3dpose.runtime.sources import open_source
from stream_servers import Mjpeg, grey

kind, frames, weights, engines = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
me = psutil.Process()
seen = []

def look():
    gc.collect()
    descriptors = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    seen.append((me.memory_info().rss / 1e6, descriptors, threading.active_count()))

def endless():
    with closing(open_source("sample")) as source:
        pictures = [frame.image[::4, ::4].copy() for frame in source]
    for n in range(frames):
        yield edge3dpose.Frame(pictures[n % len(pictures)], n, n / 30)

every = max(1, frames // 20)

def on_frame(frame, people):
    global count
    count += 1
    if count % every == 0:
        look()
    if kind == "drops" and count % 10 == 0:
        server.drop()

count = 0
how = {"weights": weights, "engines": engines, "cut": 3, "threads": 1, "precision": "fp32"}
out = Path(os.devnull)
with edge3dpose.PoseEstimator(backend="onnxruntime", **how) as pose:
    if kind == "file":
        pose.run(endless(), outputs={"jsonl": out, "save": Path("/dev/zero")}, on_frame=on_frame)
    else:
        with Mjpeg() as server:
            server.period_s = 0.005
            pose.run(server.url, outputs={"jsonl": out}, max_frames=frames, on_frame=on_frame)
print(json.dumps(seen))
"""


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts descriptors of Linux")
@pytest.mark.parametrize("kind", ["file", "drops"])
def test_a_long_run_is_flat(place, where, pytestconfig, kind):
    pytest.importorskip("psutil")
    frames = pytestconfig.getoption("--soak")
    frames = frames if kind == "file" else max(200, frames // 20)  # a drop each 10 frames
    words = (kind, str(frames), place / f"{standing.SPEC.name}.onnx", place / "engines")
    paths = os.pathsep.join([path for path in sys.path if path])
    done = subprocess.run(
        (sys.executable, "-c", SOAK, *map(str, words)),
        env={**where, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    seen = json.loads(done.stdout.splitlines()[-1])
    settled = seen[len(seen) // 5 :]
    (first_mb, _, _), (last_mb, _, _) = settled[0], settled[-1]
    print(f"{kind}: {frames} frames, {first_mb:.0f} -> {last_mb:.0f} MB, then {settled[-1][1:]}")
    assert last_mb - first_mb < MOST_GROWTH_MB, seen
    middle = len(settled) // 2
    for n, what in ((1, "descriptors"), (2, "threads")):
        early = max(row[n] for row in settled[:middle])
        late = max(row[n] for row in settled[middle:])
        assert late <= early + 3, (what, seen)  # a connection that is just closing
