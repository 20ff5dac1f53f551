"""Stops at random moments: none hangs, every file is whole. A kill loses a second at most."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from datetime import datetime

import av
import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
LIMIT_S = 20.0  # a stop that takes longer hangs

STOPS = """
import faulthandler, itertools, json, os, random, signal, sys, threading, time
from pathlib import Path
import av, numpy as np
from edge3dpose.commands.run import _ended_by_signals
from edge3dpose.errors import BadInput
from edge3dpose.runtime.pipeline import Pipeline
from edge3dpose.runtime.sinks import SinkContext, open_all
from edge3dpose.runtime.sources import Source
from edge3dpose.runtime.sources._grabber import Grabber, Picture
from edge3dpose.runtime.sources._live_source import LiveSource
from edge3dpose.types import Frame

def picture(n):
    return np.full((120, 160, 3), n % 250, np.uint8)

class Endless(Source):
    def __init__(self, period_s):
        self.period_s, self.ended = period_s, False
    def __iter__(self):
        for n in itertools.count():
            if self.ended:
                return
            time.sleep(self.period_s)
            yield Frame(picture(n), n, n / 30)
    def cancel(self):
        self.ended = True

class Camera(Grabber):
    def __init__(self, count):
        self.count = count
    def read(self):
        time.sleep(0.003)
        self.count -= 1
        return Picture(picture(self.count)) if self.count else None
    def close(self):
        pass

def lost():
    raise BadInput("nobody answers")

def source_of(kind, chance):
    if kind == "file":
        return Endless(chance.choice([0.0, 0.002, 0.05]))
    if kind == "lost":
        return LiveSource("camera", Camera(chance.randint(2, 30)), lost)
    return LiveSource("camera", Camera(10 ** 9), lost)

folder, count, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
chance = random.Random(seed)
signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
slowest = 0.0
for number in range(count):
    faulthandler.dump_traceback_later(float(sys.argv[4]), exit=True)
    for one in signals:
        signal.signal(one, signal.SIG_DFL)
    kind = chance.choice(["file", "live", "lost", "slow reader"])
    out = {"jsonl": folder / f"{number}.jsonl", "save": folder / f"{number}.mp4"}
    reader = None
    if kind == "slow reader":  # of a pipe that it does not empty
        os.mkfifo(out["jsonl"])
        reader = os.open(out["jsonl"], os.O_RDWR)
    source = source_of(kind, chance)
    sent = [chance.choice(signals) for _ in range(chance.randint(1, 3))]
    pause_s = chance.uniform(0, 0.25)
    ready = threading.Event()
    at_s = []
    def send():
        ready.wait()
        time.sleep(pause_s)
        at_s.append(time.monotonic())
        for one in sent:
            os.kill(os.getpid(), one)
            time.sleep(0.005)
    sender = threading.Thread(target=send)
    sender.start()
    with _ended_by_signals():
        ready.set()
        try:
            sinks = open_all(out, SinkContext(live=source.live))
            summary = Pipeline(source, lambda frame: []).run(sinks)
            assert summary.stopped, summary
        except KeyboardInterrupt:
            pass
        sender.join()
    slowest = max(slowest, time.monotonic() - at_s[0])
    frames = []
    if reader is not None:
        os.close(reader)
        os.unlink(out["jsonl"])
    elif out["jsonl"].exists():
        text = out["jsonl"].read_text()
        assert text.endswith("\\n")
        lines = [json.loads(line) for line in text.splitlines()]
        frames = [line["frame"] for line in lines if "frame" in line]
        assert frames == sorted(frames)
    left = sorted(path.name for path in folder.iterdir())
    assert not [name for name in left if ".part" in name], left
    if out["save"].exists():
        with av.open(str(out["save"])) as file:
            shown = sum(1 for _ in file.decode(video=0))
        assert shown == len(frames) or kind != "file"
    for path in folder.iterdir():
        path.unlink()
    for one in signals:
        signal.signal(one, signal.SIG_IGN)
faulthandler.cancel_dump_traceback_later()
print(f"{count} stops, the slowest took {slowest:.1f} s", threading.active_count())
"""


@pytest.mark.parametrize(
    ("count", "seed"),
    [(10, 0), *(pytest.param(100, seed, marks=pytest.mark.slow) for seed in range(1, 6))],
)
def test_no_stop_hangs_or_loses(tmp_path, count, seed):
    words = (sys.executable, "-c", STOPS, tmp_path, str(count), str(seed), str(LIMIT_S))
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.startswith(f"{count} stops")


def killed(words, where, folder, pause_s):
    """Start a run and kill it once it has begun; returns its lines and the seconds of its video."""
    out, video = folder / "out.jsonl", folder / "out.mp4"
    words = [*words, "--jsonl", str(out), "--save", str(video)]
    said = folder / "said"
    with open(said, "w", encoding="utf-8") as errors:
        program = subprocess.Popen(words, env=where, stderr=errors)
    part, end = folder / "out.part.jsonl", time.monotonic() + 60
    while not (part.exists() and part.stat().st_size):
        assert program.poll() is None, said.read_text()
        assert time.monotonic() < end, said.read_text()
        time.sleep(0.01)
    time.sleep(pause_s)
    program.kill()
    program.wait()
    written = part.read_bytes()
    assert not out.exists()
    lines = [json.loads(line) for line in written.splitlines() if line]
    shown_s = 0.0
    try:
        with av.open(str(folder / "out.part.mp4")) as file:
            for frame in file.decode(video=0):
                shown_s = float(frame.time)
    except av.FFmpegError:  # killed before its first second
        pass
    for path in folder.iterdir():
        path.unlink()
    return lines, shown_s


@pytest.mark.parametrize(
    ("times", "seed"),
    [(3, 0), *(pytest.param(20, seed, marks=pytest.mark.slow) for seed in range(1, 6))],
)
def test_a_kill_leaves_readable_lines_and_a_video_that_plays(
    run_words, where, tmp_path, times, seed
):
    from stream_servers import Mjpeg

    chance = random.Random(seed)
    with Mjpeg() as server:
        for _ in range(times):
            words = [*run_words, "--source", server.url]
            lines, shown_s = killed(words, where, tmp_path, chance.uniform(0.2, 3.0))
            assert lines[0]["schema"] == "edge3dpose.poses/1"
            frames = [line["frame"] for line in lines[1:]]
            assert frames == sorted(frames)
            last_s = lines[-1]["time_s"] - lines[1]["time_s"]
            assert shown_s >= last_s - 2.0  # a fragment of a second, and what the encoder held


def test_a_reader_that_has_seen_enough_ends_a_run_quietly(run_words, where):
    words = [*run_words, "--source", "sample", "--jsonl", "-"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(words, env=where, **pipes) as program:
        assert b"edge3dpose.poses/1" in program.stdout.readline()
        program.stdout.close()  # | head -1
        errors = program.stderr.read().decode()
        assert program.wait(timeout=30) == 0, errors
    for word in ("Traceback", "Broken", "Error"):
        assert word not in errors


def test_lines_come_at_once(run_words, where, tmp_path):
    """The header with the first frame, each line with its frame."""
    from stream_servers import Mjpeg

    with Mjpeg() as server:
        server.period_s = 0.3
        words = [*run_words, "--source", server.url, "--jsonl", "-"]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(words, env=where, **pipes) as program:
            lines = [json.loads(program.stdout.readline()) for _ in range(6)]
            now = time.time()
            program.send_signal(signal.SIGTERM)
            program.communicate(timeout=30)
    assert program.returncode == 0
    taken = datetime.fromisoformat(lines[-1]["time_utc"].replace("Z", "+00:00")).timestamp()
    assert now - taken < 2.0
