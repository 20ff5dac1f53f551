"""benchmarks/gpu_day.py rehearsed on the CPU: steps, limits, kills, and packs for offline use."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from stick import stick_file  # noqa: F401

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "benchmarks"
TWO = "doctor,driver,accepts-onnxruntime,run-onnxruntime"

sys.path.insert(0, str(SCRIPTS))  # the scripts are no package
from gpu_day_parts import packing, steps, unpack  # noqa: E402
from gpu_day_parts.running import DONE, FAILED, LATE, LEFT_OUT, Place  # noqa: E402
from gpu_day_parts.steps import Day, Step  # noqa: E402

sys.path.remove(str(SCRIPTS))


def command(out, *options):
    return [sys.executable, str(SCRIPTS / "gpu_day.py"), "--out", str(out), *options]


def rehearse(out, *options):
    line = command(out, "--rehearse", *options)
    return subprocess.run(line, capture_output=True, text=True, timeout=1300, check=False)


def states(out):
    content = json.loads((out / "gpu-day.json").read_text())
    return {step["name"]: step["state"] for step in content["steps"]}


def place_in(folder):
    return Place(Day(folder, ROOT, few=True), "none")


def python(name, code, limit_s=60.0, **more):
    return Step(name, (steps.PYTHON, "-c", code), limit_s, **more)


def test_a_killed_rehearsal_is_finished_by_the_same_command(tmp_path):
    line = command(tmp_path, "--rehearse", "--only", TWO)
    running = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    first = tmp_path / "steps" / "accepts-onnxruntime.json"
    end_s = time.monotonic() + 60
    while not first.exists() and running.poll() is None and time.monotonic() < end_s:
        time.sleep(0.02)
    running.kill()
    running.wait()
    assert first.exists()
    assert not (tmp_path / "steps" / "run-onnxruntime.json").exists()

    done = rehearse(tmp_path, "--only", TWO)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "accepts-onnxruntime: done before" in done.stdout
    wanted = dict.fromkeys(("doctor", "accepts-onnxruntime", "run-onnxruntime"), DONE)
    assert states(tmp_path).items() >= wanted.items()
    content = json.loads((tmp_path / "gpu-day.json").read_text())
    assert content["schema"] == "edge3dpose.gpu-day/1"
    assert content["rehearsal"] is True
    built = next(s for s in content["steps"] if s["name"] == "accepts-onnxruntime")
    assert built["report"]["schema"] == "edge3dpose.build/1"
    assert (tmp_path / "reports" / "run-onnxruntime.jsonl").stat().st_size > 1000
    page = (tmp_path / "gpu-day.md").read_text()
    assert "no figure here is a GPU's" in page
    assert "| run-onnxruntime | done |" in page
    assert str(ROOT) not in page


def test_results_of_a_rehearsal_are_not_taken_for_a_gpus(tmp_path):
    (tmp_path / "kind.json").write_text(
        json.dumps({"schema": "edge3dpose.gpu-day-kind/1", "rehearsal": False})
    )
    done = rehearse(tmp_path, "--only", "doctor")
    assert done.returncode == 2
    assert "of the other kind" in done.stderr


def test_a_step_is_run_and_its_report_kept(tmp_path):
    place, report = place_in(tmp_path), tmp_path / "reports" / "a.json"
    step = python("a", f"open({str(report)!r}, 'w').write('[1]'); print('said')", report=report)
    result = place.run(step, 60)
    assert (result["state"], result["report"], result["tail"]) == (DONE, [1], ["said"])
    assert place.earlier(step) == json.loads(place.result(step).read_text()) == result
    assert place.earlier(dataclasses.replace(step, command=("other",))) is None
    assert dataclasses.replace(place, gpu="another").earlier(step) is None


def test_what_fails_or_takes_too_long_is_told(tmp_path):
    place = place_in(tmp_path)
    failed = place.run(python("a", "import sys; print('Error: no'); sys.exit(3)"), 60)
    assert (failed["state"], failed["why"], failed["exit_code"]) == (FAILED, "Error: no", 3)
    missing = place.run(Step("b", ("no-such-program-here",), 60), 60)
    assert missing["state"] == FAILED
    assert "no-such-program-here" in missing["why"]
    late = place.run(python("c", "import time; print('begun'); time.sleep(60)", 1.5), 60)
    assert (late["state"], late["tail"]) == (LATE, ["begun"])
    assert late["took_s"] < 20


@pytest.mark.skipif(os.name != "posix", reason="process groups are POSIX")
def test_what_a_late_step_started_ends_with_it(tmp_path):
    code = (
        "import subprocess, sys, time; "
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
        "print(child.pid); time.sleep(60)"
    )
    late = place_in(tmp_path).run(python("a", code, 2.0), 60)
    child = int(late["tail"][0])
    for _ in range(100):
        if _ended(child):
            return
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    pytest.fail("the child of an ended step goes on")


def _ended(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_real_day_has_every_part_in_order(tmp_path):
    found = steps.steps(Day(tmp_path, ROOT, train_min=90, train_options=("--device", "cuda")))
    names = [step.name for step in found]
    assert names[:4] == ["doctor", "driver", "crop-kernel", "gpu-tests"]
    assert names[-3:] == ["peers", "train-sspnet", "train-sspnet-lite"]
    for backend in steps.GPU_BACKENDS:
        first = names.index(f"accepts-{backend}")
        for kind in ("build", "speed"):
            of_backend = [n for n in names if n.startswith(f"{kind}-{backend}-")]
            assert of_backend
            assert all(names.index(name) > first for name in of_backend)
        assert {f"run-{backend}", f"switching-{backend}"} <= set(names)
    assert not [
        name for name in names if name.startswith("build-onnxruntime-cuda") and "int8" in name
    ]
    assert all(steps.DRIVER in step.needs for step in found[1:])
    assert [step.limit_s for step in found[-2:]] == [3900, 2100]


def test_options_of_the_steps_are_those_of_the_commands(tmp_path):
    """A renamed option would be found out at the GPU only."""
    from edge3dpose import plugins

    for step in steps.steps(Day(tmp_path, ROOT, train_min=9, train_options=("--workers", "2"))):
        if step.command[:3] == steps.CLI:
            options = plugins.load("commands", step.command[3]).command.params
            known = {flag for option in options for flag in (*option.opts, *option.secondary_opts)}
            assert {word for word in step.command if word.startswith("--")} <= known, step.name
        elif step.command[0] == steps.PYTHON and step.command[1].endswith(".py"):
            text = Path(step.command[1]).read_text()
            flags = [word for word in step.command if word.startswith("--")]
            assert all(f'"{flag}"' in text for flag in flags), step.name


def test_what_the_machine_lacks_is_left_out_with_the_reason(tmp_path):
    done = rehearse(tmp_path, "--only", "doctor,driver")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "steps" / "driver.json").read_text())
    if found["state"] == LEFT_OUT:
        assert found["why"].startswith("NVIDIA driver: ")
    else:
        assert found["state"] == DONE


def test_a_pack_comes_together_again(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "weights.bin").write_bytes(os.urandom(3_000_000))
    whole = tmp_path / "whole.tar"
    subprocess.run(["tar", "cf", str(whole), "-C", str(source), "weights.bin"], check=True)
    parts = packing.split(whole, tmp_path / "parts", part_bytes=1_300_000)
    assert [part.name for part in parts] == ["part.000", "part.001", "part.002"]
    assert all(
        sum(file.stat().st_size for file in part.parent.iterdir()) <= 1_300_000 for part in parts
    )
    here = tmp_path / "here"
    script = [sys.executable, "-I", str(tmp_path / "parts" / "p0" / "unpack.py"), "--to", str(here)]

    def unpacked(*folders):
        line = [*script, *map(str, folders)]
        return subprocess.run(line, capture_output=True, text=True, check=False)

    some = [part.parent for part in parts]
    lacking = unpacked(some[0], some[2])
    assert lacking.returncode == 1
    assert lacking.stderr == "Error: missing of 3 parts: part.001\n"
    whole_part = parts[1].read_bytes()
    parts[1].write_bytes(whole_part[:-1] + bytes([whole_part[-1] ^ 1]))  # random bytes
    assert "damaged: part.001" in unpacked(tmp_path / "parts").stderr
    assert not here.exists()
    parts[1].write_bytes(whole_part)
    done = unpacked(*some)
    assert done.returncode == 0, done.stderr
    assert (here / "weights.bin").read_bytes() == (source / "weights.bin").read_bytes()
    assert "gpu_day.py --out gpu-day" in done.stdout


def test_a_pack_holds_what_the_steps_use():
    files = set(packing.source_files(ROOT))
    assert {
        *("setup.py", "edge3dpose/weights/sspnet-lite.onnx", "edge3dpose/runtime/crop.cu"),
        *("benchmarks/gpu_day.py", "benchmarks/limits.py", "tests/runtime/test_cuda_gpu.py"),
        *("tests/conftest.py", "tests/support/crop_model.py", "pyproject.toml"),
    } <= files
    assert packing.plain("tomli>=2; python_version < '3.11'") == "tomli"
    assert packing.plain("Opencv_Python.headless>=4.12") == "opencv-python-headless"
    base = [packing.plain(one) for one in packing._base(ROOT)]
    assert {"numpy", "av", "openvino", "click"} <= set(base)
    assert unpack.LISTING == "parts.json"


@pytest.mark.slow
def test_the_whole_day_is_rehearsed(tmp_path):
    pytest.importorskip("torch", reason="PyTorch is not installed")
    done = rehearse(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(states(tmp_path).values()) <= {DONE, LEFT_OUT}


@pytest.mark.slow
def test_training_is_rehearsed(tmp_path, stick_file):  # noqa: F811
    pytest.importorskip("torch", reason="PyTorch is not installed")
    train = ("--assets", str(stick_file), "--set", "batch=2", "--set", "replay=0")
    names = ("train-sspnet", "train-sspnet-lite")
    done = rehearse(tmp_path, "--train", "0.2", *train, "--only", ",".join(names))
    assert done.returncode == 0, done.stdout + done.stderr
    assert states(tmp_path) == dict.fromkeys(names, DONE)
    for model in ("sspnet", "sspnet-lite"):
        assert (tmp_path / "train" / model / f"{model}.onnx").exists()


def test_a_training_that_was_cut_short_goes_on(tmp_path):
    day = Day(tmp_path, ROOT, train_min=90)
    assert "--resume" not in steps.steps(day)[-1].command
    checkpoint = tmp_path / "train" / "sspnet-lite" / "checkpoint.safetensors"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.touch()
    assert "--resume" in steps.steps(day)[-1].command
    assert "--resume" not in steps.steps(day)[-2].command
