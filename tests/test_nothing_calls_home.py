"""A run opens no connection, looks up no name, and writes nothing under HOME but the cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

RUN = """
import sys
sys.addaudithook(lambda event, given: event.startswith("socket.") and print(event, given))
from edge3dpose.cli import cli
cli(sys.argv[1:])
"""
STRACE = shutil.which("strace")


def environment(folder: Path) -> dict[str, str]:
    home = folder / "home"
    home.mkdir()
    named = {"HOME": str(home), "EDGE3DPOSE_HOME": str(folder / "cache"), "APPDATA": str(home)}
    kept = {k: v for k, v in os.environ.items() if k not in ("ORT_DISABLE_TELEMETRY", "CI")}
    return {**kept, **named, "LOCALAPPDATA": str(home)}


def run(folder: Path, backend: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
    out = folder / "out"
    words = ("run", "--source", "sample", "--max-frames", "5", "--no-show", "--overwrite")
    done = subprocess.run(
        [
            *(*before, sys.executable, "-c", RUN, *words, "--cut", "1", "--backend", backend),
            *("--jsonl", f"{out}.jsonl", "--save", f"{out}.mp4"),
        ],
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize("backend", ["openvino", "onnxruntime"])
def test_a_run_uses_no_socket_and_leaves_nothing_at_home(tmp_path, backend):
    assert run(tmp_path, backend).stdout == ""
    assert list((tmp_path / "home").rglob("*")) == []
    assert list((tmp_path / "cache" / "engines").glob("*.onnx"))


@pytest.mark.skipif(STRACE is None, reason="strace is not installed")
@pytest.mark.parametrize("backend", ["openvino", "onnxruntime"])
def test_the_libraries_of_a_run_make_no_connection_either(tmp_path, backend):
    trace = tmp_path / "trace"
    watch = (STRACE, "-f", "-qq", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-o", trace)
    try:
        subprocess.run([*watch, sys.executable, "-c", ""], check=True, capture_output=True)
    except subprocess.CalledProcessError:
        pytest.skip("strace may not watch a process here")
    run(tmp_path, backend, tuple(str(word) for word in watch))
    lines = trace.read_text(errors="replace").splitlines()
    assert [line for line in lines if "AF_INET" in line] == []
