"""A heartbeat file is touched while frames come, and is no output."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from edge3dpose.errors import BadInput
from edge3dpose.runtime import sinks
from edge3dpose.runtime.sinks import SinkContext, heartbeat
from edge3dpose.types import Frame

FRAME = Frame(np.zeros((8, 8, 3), np.uint8), 0, 0.0)


def opened(file):
    (sink,) = sinks.open_all({"heartbeat": file}, SinkContext())
    return sink


def test_a_file_is_touched_each_second_while_frames_come(tmp_path, monkeypatch):
    monkeypatch.setattr(heartbeat, "EVERY_S", 0.1)
    file = tmp_path / "alive"
    file.write_text("somebody's")  # it is no output: what is there stays
    os.utime(file, (1, 1))
    sink = opened(file)
    first = file.stat().st_mtime
    assert time.time() - first < 10
    time.sleep(0.15)
    assert file.stat().st_mtime == first  # no frame, no beat
    sink(FRAME, [])
    assert file.stat().st_mtime > first
    sink.close()
    assert file.read_text() == "somebody's"


def test_a_heartbeat_is_no_output(tmp_path):
    values = sinks.with_default_output({"heartbeat": tmp_path / "alive"}, "clip.mp4", live=False)
    assert values["jsonl"] == Path("clip.poses.jsonl")


def test_one_that_cannot_be_touched_is_told_once(tmp_path, monkeypatch, caplog):
    with pytest.raises(BadInput, match="cannot touch"):
        opened(tmp_path / "nowhere" / "alive")
    monkeypatch.setattr(heartbeat, "EVERY_S", 0.0)
    folder = tmp_path / "folder"
    folder.mkdir()
    sink = opened(folder / "alive")
    (folder / "alive").unlink()
    folder.rmdir()
    for _ in range(3):
        sink(FRAME, [])
    assert len(caplog.records) == 1
