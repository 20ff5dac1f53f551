"""A full disk is one line and exit code 1; what was written before stays valid."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress

import av
import pytest
import standing

SIZE_KB = 192


@pytest.fixture
def disk(tmp_path):
    """A file system of a few pages; fill(disk) leaves so many bytes free."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("only root mounts a small file system")
    mount = ("mount", "-t", "tmpfs", "-o", f"size={SIZE_KB}k", "tmpfs", str(folder))
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no tmpfs can be mounted here")
    yield folder
    subprocess.run(("umount", "-l", str(folder)), check=True)


def fill(disk, free=0):
    left = shutil.disk_usage(disk).free - free
    (disk / "ballast").write_bytes(bytes(max(0, left)))


def edge3dpose(where, *words):
    """The command line as a program."""
    program = (sys.executable, "-m", "edge3dpose", *map(str, words))
    return subprocess.run(program, env=where, capture_output=True, text=True, check=False)


def refused(done):
    """The one line of a command that met a full disk."""
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("Error: cannot write "), done.stderr
    assert "No space left on device" in last
    return last


def nothing_half_written(disk):
    assert [path.name for path in disk.iterdir()] == ["ballast"]


def playable(file):
    """The frames of a video up to where it is cut off."""
    shown = 0
    with av.open(str(file)) as video, suppress(av.FFmpegError):
        for _ in video.decode(video=0):
            shown += 1
    return shown


@pytest.mark.parametrize("source", ["sample", "stream"])
@pytest.mark.parametrize("output", ["jsonl", "save"])
def test_run_keeps_what_it_has_written(disk, run_words, where, output, source):
    from stream_servers import Mjpeg

    suffix = {"jsonl": ".jsonl", "save": ".mp4"}[output]
    file = disk / f"out{suffix}"
    with Mjpeg() as server:
        name = server.url if source == "stream" else source
        if output == "jsonl" or source == "stream":
            fill(disk, 48_000)
        words = [*run_words, "--source", name, f"--{output}", str(file), "--max-frames", "2000"]
        done = subprocess.run(words, env=where, capture_output=True, text=True, check=False)
    last = refused(done)
    part = disk / f"out.part{suffix}"
    assert last.endswith(f"what was written before is {part}")
    assert "wrote" not in done.stderr
    assert not file.exists()
    if output == "jsonl":
        lines = [json.loads(line) for line in part.read_text().splitlines()]
        assert len(lines) > 2
    else:
        assert playable(part) > 5


@pytest.fixture(scope="module")
def report(place, where, tmp_path_factory):
    """A small measurement, and how it is made."""
    engine = ("--cut", "3", "--backend", "onnxruntime", "--precision", "fp32", "--threads", "1")
    weights = ("--weights", place / f"{standing.SPEC.name}.onnx", "--engines", place / "engines")
    little = ("--rounds", "1", "--calls", "2", "--max-frames", "3")
    file = tmp_path_factory.mktemp("report") / "speed.json"
    words = ("benchmark", *weights, *engine, *little)
    assert edge3dpose(where, *words, "--report", file).returncode == 0
    return words, file


def test_benchmark_prints_what_it_cannot_write(disk, where, report, tmp_path):
    words, _ = report
    fill(disk)
    done = edge3dpose(where, *words, "--report", disk / "speed.json")
    assert refused(done).endswith("the report is printed above")
    nothing_half_written(disk)
    again = tmp_path / "again.json"
    again.write_text(done.stdout[done.stdout.index('{\n "schema"') :])
    shown = edge3dpose(where, "benchmark", "--measured", again)
    assert shown.returncode == 0, shown.stderr


def test_a_page_is_whole_or_not_there(disk, where, report):
    pytest.importorskip("matplotlib")
    fill(disk)
    refused(edge3dpose(where, "benchmark", "--measured", report[1], "--html", disk / "x.html"))
    nothing_half_written(disk)


def test_tune_shows_what_it_cannot_keep(disk, where, place):
    fill(disk)
    words = ("--weights", place / f"{standing.SPEC.name}.onnx", "--engines", place / "engines")
    little = ("--cut", "3", "--backend", "onnxruntime", "--precision", "fp32", "--threads", "1")
    quick = ("--rounds", "1", "--calls", "2")
    home = {**where, "EDGE3DPOSE_HOME": str(disk)}
    done = edge3dpose(home, "tune", *words, *little, *quick)
    refused(done)
    assert "ms" in done.stdout  # the tables
    assert not [path for path in disk.rglob("*") if path.is_file() and path.name != "ballast"]


def test_an_engine_is_whole_or_not_there(disk, where, place):
    fill(disk, 8_000)
    words = ("--weights", place / f"{standing.SPEC.name}.onnx", "--engines", disk / "engines")
    engine = ("--cut", "3", "--backend", "onnxruntime", "--precision", "fp32")
    done = edge3dpose(where, "build-engine", *words, *engine)
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr
    assert "No space left on device" in done.stderr
    assert not [p for p in disk.rglob("*") if p.suffix in (".onnx", ".tmp")]


def test_ranges_are_whole_or_not_there(disk, where, place):
    fill(disk)
    weights = ("--weights", place / f"{standing.SPEC.name}.onnx", "--within", "1000")
    out = disk / "x.ranges.json"
    done = edge3dpose(
        where, "calibrate", *weights, "--source", "sample", "--frames", 8, "--out", out
    )
    refused(done)
    nothing_half_written(disk)


def test_a_checkpoint_keeps_the_old_one(disk):
    torch = pytest.importorskip("torch")
    from edge3dpose.errors import BadInput
    from edge3dpose.training import checkpoint
    from edge3dpose.training.recipes import Recipe

    net = torch.nn.Linear(100, 100)
    optimiser = torch.optim.SGD(net.parameters(), 0.1)
    file = disk / "checkpoint.safetensors"

    def save(samples):
        progress = checkpoint.Progress(samples=samples)
        checkpoint.save(file, Recipe("sspnet-lite", 8, 10), progress, net, {}, optimiser)

    save(1)
    fill(disk, 10_000)
    with pytest.raises(BadInput, match=r"cannot write .*checkpoint.*No space left") as caught:
        save(2)
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in disk.iterdir()) == ["ballast", file.name]
    assert checkpoint.load(file).progress.samples == 1


def test_a_log_of_a_training_has_whole_rows(disk):
    pytest.importorskip("torch")
    from edge3dpose.errors import BadInput
    from edge3dpose.training import rows_of_csv

    file = disk / "log.csv"
    rows_of_csv.append(file, ["a", "b"], [1, 2])
    fill(disk)
    while len(file.read_bytes()) % 4096 < 4000:  # what is left of its page
        rows_of_csv.append(file, ["a", "b"], [3, "x" * 50])
    before = file.read_bytes()
    with pytest.raises(BadInput, match="No space left"):
        rows_of_csv.append(file, ["a", "b"], [4, "x" * 5000])
    assert file.read_bytes() == before
