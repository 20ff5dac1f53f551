"""Signals end a run at any moment; its files are finished, and a second one is ignored."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

import av
import pytest

from edge3dpose import stopping

POSIX = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
ENDLESS = """
import itertools, signal, sys
from pathlib import Path
import numpy as np
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run under nohup, or from a
signal.signal(signal.SIGINT, signal.default_int_handler)  # shell that ignores Ctrl+C
from edge3dpose.commands.run import _ended_by_signals
from edge3dpose.runtime.pipeline import Pipeline
from edge3dpose.runtime.sinks import SinkContext, open_all
from edge3dpose.runtime.sources import Source
from edge3dpose.types import Frame

class Endless(Source):
    def __init__(self, live):
        self.live = live
    def __iter__(self):
        for index in itertools.count():
            yield Frame(np.full((240, 320, 3), index % 256, np.uint8), index, index / 30)

source = Endless(sys.argv[2] == "live")
outputs = {"jsonl": Path(sys.argv[1], "o.jsonl"), "save": Path(sys.argv[1], "o.mp4")}
with _ended_by_signals():
    sinks = open_all(outputs, SinkContext(live=source.live))
    def begun(frame, people):
        if frame.index == 5:
            print("begun", flush=True)
    summary = Pipeline(source, lambda frame: []).run(sinks, on_frame=begun)
print("stopped" if summary.stopped else "ended", flush=True)
"""


def stop(folder, sent, kind, pause_s):
    """Run, send signals, and return what the program said."""
    command = (sys.executable, "-c", ENDLESS, str(folder), kind)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"begun\n"
        time.sleep(pause_s)
        for number in sent:
            program.send_signal(number)
            time.sleep(0.01)
        try:
            said, errors = program.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            program.kill()
            raise
    assert program.returncode == 0, errors
    return said


def whole(folder):
    """The frames in both files; fails where one is not whole."""
    assert sorted(os.listdir(folder)) == ["o.jsonl", "o.mp4"]
    lines = (folder / "o.jsonl").read_text().splitlines()
    frames = [json.loads(line)["frame"] for line in lines[1:]]
    with av.open(str(folder / "o.mp4")) as file:
        shown = sum(1 for _ in file.decode(video=0))
    return frames, shown


@POSIX
@pytest.mark.parametrize("kind", ["file", "live"])
@pytest.mark.parametrize("sent", ["SIGINT SIGINT SIGINT", "SIGTERM SIGTERM", "SIGHUP"])
def test_signals_end_a_run_and_the_files_are_whole(tmp_path, sent, kind):
    numbers = [getattr(signal, name) for name in sent.split()]
    assert stop(tmp_path, numbers, kind, 0.2) == b"stopped\n"
    frames, shown = whole(tmp_path)
    assert frames == [*range(len(frames))]
    assert shown == len(frames) or kind == "live"


@POSIX
@pytest.mark.slow
@pytest.mark.parametrize("round", range(60))
def test_a_stop_at_any_moment_neither_hangs_nor_loses(tmp_path, round):
    chance = random.Random(round)
    sent = chance.choices([signal.SIGINT, signal.SIGTERM, signal.SIGHUP], k=chance.randint(1, 3))
    stop(tmp_path, sent, chance.choice(["file", "live"]), chance.uniform(0, 0.5))
    whole(tmp_path)


def test_a_signal_is_raised_only_where_waiting_can_be_given_up():
    stopping.forget()
    stopping.note()  # as a handler; nothing is raised here
    stopping.note()
    with pytest.raises(KeyboardInterrupt), stopping.interruptible():
        pytest.fail("it was asked before")
    stopping.forget()
    with stopping.interruptible():
        pass
    with pytest.raises(KeyboardInterrupt), stopping.interruptible():
        stopping.note()
    stopping.forget()


def test_what_hangs_can_be_ended_by_a_late_signal(monkeypatch):
    stopping.forget()
    stopping.note()
    monkeypatch.setattr(stopping, "PATIENCE_S", 0.0)
    time.sleep(0.01)
    with pytest.raises(KeyboardInterrupt):
        stopping.note()
    stopping.forget()


def test_a_run_in_a_thread_takes_no_signals(tmp_path):
    from edge3dpose.commands.run import _ended_by_signals

    before = signal.getsignal(signal.SIGTERM)
    seen = []

    def inside() -> None:
        with _ended_by_signals():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    assert seen == [before]


IN_A_THREAD = """
import signal, sys, threading
from pathlib import Path
import edge3dpose
def refuse(*given):
    raise AssertionError("the library handles signals")
signal.signal = refuse
done = []
def work():
    with edge3dpose.PoseEstimator(cut=1) as pose:
        done.append(pose.run("sample", outputs={"jsonl": Path(sys.argv[1])}, max_frames=3))
thread = threading.Thread(target=work)
thread.start()
thread.join()
assert done[0].processed == 3
"""


def test_the_library_works_in_a_thread_and_handles_no_signal(tmp_path):
    command = (sys.executable, "-c", IN_A_THREAD, str(tmp_path / "o.jsonl"))
    where = {**os.environ, "EDGE3DPOSE_HOME": str(tmp_path / "home")}
    done = subprocess.run(command, env=where, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "o.jsonl").read_text().splitlines()) == 4
