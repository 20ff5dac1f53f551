"""What the attacks share: a network that sees an adult everywhere, and the command line."""

from __future__ import annotations

import os
import sys

import pytest
import standing


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    """Weights that see a standing adult everywhere, and a folder for engines."""
    folder = tmp_path_factory.mktemp("standing")
    standing.write_weights(folder, standing.unit_pose(), standing.CUTS)
    return folder


@pytest.fixture(scope="session")
def run_words(place):
    """The command ``run`` as a program, up to its source and outputs."""
    weights = (place / f"{standing.SPEC.name}.onnx", place / "engines")
    engine = ("--cut", "3", "--backend", "onnxruntime", "--precision", "fp32", "--threads", "1")
    words = ("--weights", weights[0], "--engines", weights[1], *engine, "--no-show")
    program = (sys.executable, "-m", "edge3dpose", "run", "--detector", "full-frame")
    return [str(word) for word in (*program, *words)]


@pytest.fixture(scope="session")
def where(tmp_path_factory):
    """The environment of a program: a home of its own."""
    home = tmp_path_factory.mktemp("home")
    return {**os.environ, "EDGE3DPOSE_HOME": str(home), "PYTHONUNBUFFERED": "1"}
