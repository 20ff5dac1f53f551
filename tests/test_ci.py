"""The workflow of continuous integration is valid and tries what the package says it supports."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"

pytestmark = pytest.mark.skipif(not WORKFLOW.exists(), reason="not in a source distribution")


def test_the_workflow_has_the_schema_of_github():
    pytest.importorskip("check_jsonschema")
    schema = ("--builtin-schema", "vendor.github-workflows")
    command = [sys.executable, "-m", "check_jsonschema", *schema, str(WORKFLOW)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_three_systems_and_the_oldest_python_are_tried():
    text = WORKFLOW.read_text(encoding="utf-8")
    assert "os: [ubuntu-latest, windows-latest, macos-latest]" in text
    pythons = re.search(r"python: \[(.+)\]", text)[1].replace('"', "").split(", ")
    oldest = re.search(r'python_requires=">=(.+)"', (ROOT / "setup.py").read_text())[1]
    assert pythons[0] == oldest
    assert len(pythons) >= 2


def test_the_checks_are_those_of_the_local_script():
    """Linux runs the script itself; the other systems run each of its checks."""
    workflow = WORKFLOW.read_text(encoding="utf-8")
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "run: .ci/run" in workflow
    for check in ("pytest", "ruff check .", "ruff format --check .", "mypy"):
        assert check in script
        assert check in workflow
