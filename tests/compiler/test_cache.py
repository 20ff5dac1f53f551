"""The engine cache with real builds: what is kept, what is built again, what a kill leaves."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import small_net

from edge3dpose import manifest
from edge3dpose.compiler import build, cache, engine_key
from edge3dpose.compiler.engine_key import key_of
from edge3dpose.engine_types import EngineConfig
from edge3dpose.errors import AccuracyGateFailed, BadInput, BuildFailed
from edge3dpose.selection.engine import ensure_built, ensure_key_built, open_engine

ORT = "onnxruntime"
POSIX = pytest.mark.skipif(os.name != "posix", reason="forks, signals and file modes are POSIX")

SLOW_BUILD = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in background jobs
import sys, time
from pathlib import Path
from edge3dpose import models
from edge3dpose.selection.engine import ensure_built
from edge3dpose.engine_types import EngineConfig

def wait(what, share):
    if what == sys.argv[3]:
        print("here", flush=True)
        time.sleep(60)

weights = models.open_weights(models.find("sspnet-lite"), Path(sys.argv[1]))
ensure_built(EngineConfig(weights, 1, "fp32", "onnxruntime"), Path(sys.argv[2]), wait)
"""


def make(weights, folder: Path, cut: int = 1, **options: object) -> tuple[Path, list[str]]:
    """An engine, and what was done for it."""
    steps: list[str] = []
    key = key_of(EngineConfig(weights, cut, "fp32", ORT))
    made, _ = ensure_key_built(key, folder, progress=lambda w, s: steps.append(w), **options)
    return made.engine, steps


@contextlib.contextmanager
def slow_build(weights, folder: Path, step: str) -> Iterator[subprocess.Popen]:
    """Another process that stays in one step of the same build; waited for at the end."""
    line = [sys.executable, "-c", SLOW_BUILD, str(weights.onnx), str(folder), step]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "here\n"
        yield process


def test_the_second_build_builds_nothing_and_force_builds(small_weights, tmp_path):
    engine, steps = make(small_weights, tmp_path)
    assert steps[-1] == "parity"
    made = manifest.verify(engine)
    assert made.parity["mm_max"] < 0.01
    assert made.parity["crops"] == build.PARITY_CROPS
    before = engine.stat().st_mtime_ns
    assert make(small_weights, tmp_path) == (engine, [])
    assert engine.stat().st_mtime_ns == before
    again, steps = make(small_weights, tmp_path, force=True)
    assert again == engine
    assert "cut" in steps
    assert {p.name for p in tmp_path.iterdir()} == {engine.name, manifest.path_of(engine).name}


def test_other_weights_never_meet_an_old_engine(small_weights, tmp_path):
    engine, _ = make(small_weights, tmp_path / "engines")
    other = small_net.write(tmp_path / "other", seed=7)
    assert other.onnx.stat().st_size == small_weights.onnx.stat().st_size
    key = key_of(EngineConfig(other, 1, "fp32", ORT))
    found = cache.find(tmp_path / "engines", key)
    assert not found.hit
    assert f"weights_sha256: {small_weights.sha256[:12]}... there, {other.sha256[:12]}... here" in (
        cache.explain(tmp_path / "engines", key, found)
    )
    newer, steps = make(other, tmp_path / "engines")
    assert newer != engine
    assert "cut" in steps
    assert manifest.verify(newer).fields["weights_sha256"] == other.sha256


def test_the_reason_of_a_miss_names_each_field_that_differs(small_weights, tmp_path):
    make(small_weights, tmp_path)
    key = key_of(EngineConfig(small_weights, 1, "fp32", ORT))

    def explained(**changes: object) -> str:
        fields = {**key.fields, **changes}
        other = replace(key, fields=fields, digest=manifest.digest(fields))
        return cache.explain(tmp_path, other, cache.find(tmp_path, other))

    said = explained(backend_version="9.9", onnx="7.0")
    assert f"backend_version: {key.fields['backend_version']} there, 9.9 here; onnx" in said
    assert explained(cut=9).startswith("no engine of this model, cut")


@pytest.mark.parametrize("damage", ["truncated", "flipped", "no manifest", "no engine"])
def test_a_damaged_engine_is_built_again_and_the_reason_said(small_weights, tmp_path, damage):
    engine, _ = make(small_weights, tmp_path)
    content = bytearray(engine.read_bytes())
    if damage == "truncated":
        engine.write_bytes(content[:-10])
    elif damage == "flipped":
        content[len(content) // 2] ^= 4
        engine.write_bytes(content)
    else:
        (engine if damage == "no engine" else manifest.path_of(engine)).unlink()
    key = key_of(EngineConfig(small_weights, 1, "fp32", ORT))
    found = cache.find(tmp_path, key)
    assert not found.hit
    assert engine.name in cache.explain(tmp_path, key, found)
    assert "cut" in make(small_weights, tmp_path)[1]
    manifest.verify(engine)


@pytest.mark.parametrize("step", ["cut", "parity"])
def test_a_killed_build_leaves_no_engine_and_the_next_one_goes_on(small_weights, tmp_path, step):
    with slow_build(small_weights, tmp_path, step) as process:
        process.kill()
    assert [p for p in tmp_path.iterdir() if not p.name.startswith(".")] == []
    engine, steps = make(small_weights, tmp_path)
    assert "cut" in steps
    assert {p.name for p in tmp_path.iterdir()} == {engine.name, manifest.path_of(engine).name}


@POSIX
def test_ctrl_c_leaves_nothing_at_all(small_weights, tmp_path):
    with slow_build(small_weights, tmp_path, "parity") as process:
        process.send_signal(signal.SIGINT)
    assert process.returncode != 0
    assert list(tmp_path.iterdir()) == []


def test_two_builders_of_one_engine_take_turns(small_weights, tmp_path):
    line = [sys.executable, "-c", SLOW_BUILD, str(small_weights.onnx), str(tmp_path), "never"]
    processes = [subprocess.Popen(line, stderr=subprocess.PIPE) for _ in range(3)]
    for process in processes:
        _, said = process.communicate(timeout=240)
        assert process.returncode == 0, said
    (engine,) = tmp_path.glob("*.onnx")
    manifest.verify(engine)
    assert len(list(tmp_path.iterdir())) == 2


def test_an_engine_too_far_from_fp32_is_not_kept(small_weights, tmp_path):
    from edge3dpose.compiler import calibrate, crops, ranges

    people = crops.from_source("sample", small_weights.spec, 8)
    found = calibrate.find_ranges(small_weights, people, source="sample")
    narrow = {name: value / 50 for name, value in found.tensors.items()}
    ranges.write(ranges.Ranges(**{**found_as_dict(found), "tensors": narrow}), tmp_path / "r.json")

    def int8_key():
        config = EngineConfig(small_weights, 1, "int8", ORT)
        return key_of(config, ranges_file=tmp_path / "r.json")

    with pytest.raises(AccuracyGateFailed, match=r"int8, onnxruntime is .* mm \(median\)"):
        build.build(int8_key(), tmp_path / "e")
    assert list((tmp_path / "e").iterdir()) == []
    ranges.write(found, tmp_path / "r.json")
    made = manifest.verify(build.build(int8_key(), tmp_path / "e").engine)
    assert made.calibration["digest"] == found.digest
    assert 0 < made.parity["mm_p50"] < 20


def found_as_dict(found) -> dict:
    return {name: getattr(found, name) for name in found.__dataclass_fields__}


def test_a_place_that_is_no_folder_is_one_line(small_weights, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match=r"cannot write engines to .*--engines DIR"):
        make(small_weights, tmp_path / "file" / "engines")


def in_a_child(work) -> str:
    """Do something in a forked process; gives the BadInput it raised."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12: a fork beside threads
        child = os.fork()
    if child == 0:
        try:
            work()
            said = "nothing was raised"
        except BadInput as error:
            said = str(error)
        except BaseException as error:
            said = repr(error)
        os.write(writing, said.encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        return pipe.read()


@POSIX
def test_a_full_disk_is_one_line_and_leaves_nothing(small_weights, tmp_path):
    import resource

    key = key_of(EngineConfig(small_weights, 1, "fp32", ORT))
    build.build(key, tmp_path / "warm")

    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))  # as a disk with 5 kB left
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        build.build(key, tmp_path / "engines")

    said = in_a_child(fill)
    assert f"cannot write {tmp_path / 'engines'}" in said
    assert said.endswith("--engines DIR")
    assert list((tmp_path / "engines").iterdir()) == []


@POSIX
def test_a_read_only_folder_is_one_line(small_weights, tmp_path):
    key = key_of(EngineConfig(small_weights, 1, "fp32", ORT))
    folder = tmp_path / "engines"
    folder.mkdir()
    folder.chmod(0o555)
    for parent in (tmp_path, *list(tmp_path.parents)[:2]):
        parent.chmod(0o755)

    def build_as_nobody() -> None:
        if os.geteuid() == 0:
            os.setuid(65534)  # root may write anywhere
        with cache.lock(folder / key.file_name):
            pass

    assert "Permission denied" in in_a_child(build_as_nobody)


class Calls:
    """Counts the calls of a function of a module."""

    def __init__(self, monkeypatch, module, name: str) -> None:
        self.count, self._real = 0, getattr(module, name)
        monkeypatch.setattr(module, name, self)

    def __call__(self, *arguments, **options):
        self.count += 1
        return self._real(*arguments, **options)


def test_the_key_is_computed_once_and_a_hit_looks_once(small_weights, tmp_path, monkeypatch):
    keys = Calls(monkeypatch, engine_key, "key_of")
    fields = Calls(monkeypatch, engine_key, "_fields")
    finds = Calls(monkeypatch, cache, "find")
    explained = Calls(monkeypatch, cache, "explain")
    config = EngineConfig(small_weights, 1, "fp32", ORT)
    ensure_built(config, tmp_path)
    assert (keys.count, fields.count) == (1, 1)
    assert finds.count == 2  # and again under the lock: another process may have been first
    ensure_built(config, tmp_path)
    assert (keys.count, fields.count, finds.count) == (2, 2, 3)
    open_engine(config, tmp_path).close()
    assert (keys.count, fields.count, finds.count) == (3, 3, 4)
    assert explained.count == 0  # it reads every manifest, and nobody has asked


def test_a_waiting_builder_says_so_and_gives_up_in_the_end(
    small_weights, tmp_path, monkeypatch, caplog
):
    engine = tmp_path / key_of(EngineConfig(small_weights, 1, "fp32", ORT)).file_name
    with slow_build(small_weights, tmp_path, "cut") as process:
        monkeypatch.setattr(cache, "PATIENCE_S", 0.3)
        with caplog.at_level("INFO"), pytest.raises(BuildFailed, match="for an hour"):  # noqa: SIM117
            with cache.lock(engine):
                pass
        assert "another process builds this engine; waiting for it" in caplog.text
        process.kill()
    with cache.lock(engine):  # the dead builder holds nothing
        assert not (tmp_path / engine.name).exists()


def test_a_manifest_tells_what_an_engine_is_made_of(small_weights, tmp_path):
    engine, _ = make(small_weights, tmp_path, cut=2)
    content = json.loads(manifest.path_of(engine).read_text())
    fields = content["fields"]
    assert {"weights_sha256", "cut", "precision", "calibration", "input", "backend"} <= set(fields)
    assert {"backend_version", "device", "system", "flags", "builder", "onnx"} <= set(fields)
    assert content["build"]["seconds"] > 0
    assert content["parity"]["ran"] == ORT
