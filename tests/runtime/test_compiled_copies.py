"""Compiled networks are kept beside the engines, and used only as they were kept."""

from __future__ import annotations

import os

import numpy as np
import pytest

from edge3dpose.engine_types import EngineConfig
from edge3dpose.runtime.backends import _compiled_copies, openvino
from edge3dpose.selection.engine import open_engine

pytest.importorskip("openvino")
IMAGES = np.random.default_rng(0).normal(size=(1, 3, 64, 64)).astype(np.float32)


@pytest.fixture
def config(small_weights):
    return EngineConfig(small_weights, 1, "fp32", "openvino")


def answer(config, folder):
    engine = open_engine(config, folder)
    size = config.spec.input_size
    try:
        return engine(np.resize(IMAGES, (1, 3, size, size)))
    finally:
        engine.close()


def copies(folder):
    return sorted(folder.glob(f"*{_compiled_copies.SUFFIX}"))


def test_the_next_start_compiles_nothing_and_says_the_same(config, tmp_path, monkeypatch):
    first = answer(config, tmp_path)
    assert len(copies(tmp_path)) == 1
    with monkeypatch.context() as patched:
        patched.setattr(openvino, "_compile", None)
        np.testing.assert_array_equal(answer(config, tmp_path), first)


@pytest.mark.parametrize("damage", ["cut", "changed", "swapped", "of another version", "empty"])
def test_a_damaged_copy_is_not_used_and_made_again(config, tmp_path, damage):
    first = answer(config, tmp_path)
    (file,) = copies(tmp_path)
    whole = file.read_bytes()
    changed = {
        "cut": whole[:-9],
        "changed": whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:],
        "swapped": whole[:94] + b"x" * (len(whole) - 94),
        "of another version": b"edge3dpose compiled network 0\n" + whole[30:],
        "empty": b"",
    }[damage]
    file.write_bytes(changed)
    assert _compiled_copies.read(file) is None
    np.testing.assert_array_equal(answer(config, tmp_path), first)
    assert _compiled_copies.read(file) is not None


def test_what_openvino_cannot_open_is_compiled_anew(config, tmp_path):
    first = answer(config, tmp_path)
    (file,) = copies(tmp_path)
    _compiled_copies.write(file, b"well signed, but of another OpenVINO" * 99)
    np.testing.assert_array_equal(answer(config, tmp_path), first)
    assert len(file.read_bytes()) > 9999


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_copy_that_others_may_write_is_not_used(config, tmp_path):
    first = answer(config, tmp_path)
    (file,) = copies(tmp_path)
    file.chmod(0o666)
    assert _compiled_copies.read(file) is None
    np.testing.assert_array_equal(answer(config, tmp_path), first)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_done_without(config, tmp_path):
    answer(config, tmp_path)
    (file,) = copies(tmp_path)
    file.unlink()
    tmp_path.chmod(0o500)
    answer(config, tmp_path)
    assert copies(tmp_path) == []


def test_settings_have_copies_of_their_own_and_old_ones_go(tmp_path):
    for n in range(7):
        file = _compiled_copies.file_of(tmp_path, b"network", {"threads": n})
        _compiled_copies.write(file, b"kept %d" % n)
        os.utime(file, (n, n))
    found = copies(tmp_path)
    assert len(found) == _compiled_copies.MOST
    assert {_compiled_copies.read(file) for file in found} == {b"kept %d" % n for n in (3, 4, 5, 6)}


def test_without_a_folder_nothing_is_kept(tmp_path):
    _compiled_copies.write(tmp_path / "none" / "x.compiled", b"kept")
    assert not (tmp_path / "none").exists()


def test_what_a_killed_writer_left_goes_with_the_next_copy(tmp_path):
    left, young = tmp_path / ".a.0.tmp.compiled", tmp_path / ".b.1.tmp.compiled"
    left.write_bytes(b"half"), young.write_bytes(b"half")
    os.utime(left, (1, 1))
    _compiled_copies.write(_compiled_copies.file_of(tmp_path, b"network", {}), b"kept")
    assert not left.exists()
    assert young.exists()
