"""Large engines are built in a process of their own: the same file, the same errors, no memory."""

from __future__ import annotations

import sys

import pytest

from edge3dpose import errors, models
from edge3dpose.compiler import build_apart
from edge3dpose.compiler.engine_key import key_of
from edge3dpose.engine_types import EngineConfig
from edge3dpose.errors import AccuracyGateFailed, BadInput
from edge3dpose.selection import engine as engines


@pytest.fixture(scope="module")
def config():
    return EngineConfig(models.open_weights(models.find("sspnet-lite")), 1, "fp32", "onnxruntime")


def test_an_engine_of_the_other_process_is_that_of_this_one(config, tmp_path, monkeypatch):
    assert build_apart.pays(key_of(config))
    heard = []
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "edge3dpose.compiler.build", None)  # not in this process
        engines.open_engine(config, tmp_path / "apart", lambda *said: heard.append(said)).close()
    made, found = engines.ensure_key_built(key_of(config), tmp_path / "here")
    assert found.made is None
    apart = tmp_path / "apart" / made.engine.name
    assert apart.read_bytes() == made.engine.read_bytes()
    assert "parity" in {what for what, _ in heard}


def test_a_small_network_is_built_here(small_weights):
    key = key_of(EngineConfig(small_weights, 1, "fp32", "onnxruntime"))
    assert not build_apart.pays(key)


def test_what_the_process_cannot_do_is_told_as_here(config, tmp_path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(BadInput) as here:
        engines.ensure_key_built(key_of(config), tmp_path / "file" / "engines")
    with pytest.raises(BadInput) as apart:
        build_apart.build_apart(config, tmp_path / "file" / "engines")
    assert str(apart.value) == str(here.value)


def test_errors_keep_their_class():
    with pytest.raises(AccuracyGateFailed, match="too far"):
        build_apart._heard('{"error": ["AccuracyGateFailed", "too far"]}', None)
    with pytest.raises(errors.Edge3DPoseError, match="odd"):
        build_apart._heard('{"error": ["NoSuchError", "odd"]}', None)
    assert not build_apart._heard("a library's own words\n", None)


@pytest.mark.parametrize("code", ["import os; os.abort()", "raise SystemExit", "1 +"])
def test_a_process_that_dies_is_made_up_for(config, tmp_path, monkeypatch, code):
    monkeypatch.setattr(build_apart, "_CODE", code)
    assert not build_apart.build_apart(config, tmp_path)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python-that-is-not-there"))
    assert not build_apart.build_apart(config, tmp_path)
