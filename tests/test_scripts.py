"""Shell scripts have no fault that shellcheck knows, and name options that there are."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edge3dpose.cli import cli

ROOT = Path(__file__).parents[1]
JETSON = ROOT / "benchmarks" / "jetson.sh"
CI = [ROOT / ".ci" / name for name in ("run", "aarch64")]
SCRIPTS = [JETSON, *(file for file in CI if file.exists())]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda file: file.name)
def test_shellcheck_finds_nothing(script):
    beside = Path(sys.executable).parent / "shellcheck"
    checker = str(beside) if beside.exists() else shutil.which("shellcheck")
    if not checker:
        pytest.skip("shellcheck is not installed")
    done = subprocess.run([checker, str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_jetson_script_uses_options_that_there_are():
    calls = re.findall(r'"\$\{pose\[@\]\}" ([a-z-]+)(.*)', JETSON.read_text(encoding="utf-8"))
    assert [name for name, _ in calls] == ["doctor", "build-engine", "run", "benchmark"]
    for name, rest in calls:
        options = cli.get_command(None, name).params
        known = {flag for option in options for flag in (*option.opts, *option.secondary_opts)}
        assert set(re.findall(r"--[a-z-]+", rest)) <= known


@pytest.mark.skipif(sys.platform != "linux", reason="a script of bash")
@pytest.mark.skipif(Path("/etc/nv_tegra_release").exists(), reason="would begin to measure")
def test_the_jetson_script_is_for_a_jetson():
    done = subprocess.run(["bash", str(JETSON)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("no Jetson")
    assert done.stderr.count("\n") == 1


def test_the_issue_form_has_the_schema_of_github():
    pytest.importorskip("check_jsonschema")
    form = ROOT / ".github" / "ISSUE_TEMPLATE" / "benchmark-report.yml"
    if not form.exists():
        pytest.skip("not in a source distribution")
    schema = ("--builtin-schema", "vendor.github-issue-forms")
    command = [sys.executable, "-m", "check_jsonschema", *schema, str(form)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
