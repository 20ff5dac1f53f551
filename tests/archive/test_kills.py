"""Runs and workers that are killed: no clip is lost, none is done twice, no part is half."""

import random
import subprocess
import sys
import time

import psutil
import pytest

SEED = 5


def command(folder, out, *more):
    words = [sys.executable, "-m", "edge3dpose", "archive", folder, "--out", out]
    words += ["--workers", 2, *more]
    return [str(word) for word in words]


def children(process, mark):
    """Descendants whose command line has this in it."""
    found = []
    for child in psutil.Process(process.pid).children(recursive=True):
        try:
            if mark in " ".join(child.cmdline()):
                found.append(child)
        except psutil.Error:
            continue
    return found


def killed(process, after_s, generator):
    """Kill it or one of its workers so long after its first worker is there; whether it lived."""
    try:
        while not (workers := children(process, "spawn_main")):
            if process.poll() is not None:
                return False
            time.sleep(0.02)
        time.sleep(after_s)
        if process.poll() is not None:
            return False
        if generator.random() < 0.4:
            generator.choice(workers).kill()
            time.sleep(generator.random())
        else:
            process.kill()
    except psutil.Error:
        return False
    return True


def end(process):
    process.kill()
    process.wait()
    gone, alive = psutil.wait_procs(process.before, timeout=20)
    assert not alive, "workers outlive the run"


@pytest.mark.parametrize("kills", [1, pytest.param(20, marks=pytest.mark.slow)])
def test_random_kills(kills, folder, pipeline, expected, parts_of, tmp_path):
    generator, done, archives = random.Random(SEED), 0, 0
    out = tmp_path / "out0"
    while done < kills:
        process = subprocess.Popen(
            command(folder, out, *pipeline),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        process.before = []
        done += killed(process, 6 * generator.random(), generator)
        if process.poll() is None:
            process.before = psutil.Process(process.pid).children(recursive=True)
        end(process)
        parts = parts_of(out)
        assert parts.items() <= expected.items()
        if len(parts) == len(expected) and done < kills:
            finish(folder, out, pipeline, expected, parts_of)
            archives += 1
            out = tmp_path / f"out{archives}"
    finish(folder, out, pipeline, expected, parts_of)


def finish(folder, out, pipeline, expected, parts_of, *more):
    made = {file: file.stat().st_mtime_ns for file in (out / "records").rglob("*.json")}
    ended = subprocess.run(
        command(folder, out, *pipeline, *more),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert parts_of(out) == expected
    records = list((out / "records").rglob("*.json"))
    assert len(records) == len(expected)
    assert all(file.stat().st_mtime_ns == when for file, when in made.items()), "done again"
    assert not (out / "work").exists()
    assert not (out / "failed.jsonl").exists()


@pytest.mark.slow
def test_a_local_ray_loses_a_worker(folder, pipeline, expected, parts_of, tmp_path):
    pytest.importorskip("ray")
    out = tmp_path / "out"
    process = subprocess.Popen(
        command(folder, out, *pipeline, "--ray", "local"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    while process.poll() is None and not (out / "work").exists():
        time.sleep(0.05)
    busy = children(process, "ClipWorker.process")
    for actor in busy[:1]:
        actor.kill()
    _, said = process.communicate(timeout=200)
    assert process.returncode == 0, said
    assert busy, "no actor was at work"
    finish(folder, out, pipeline, expected, parts_of)
