"""--help answers at once: it loads no network library, no OpenCV, no bindings."""

from __future__ import annotations

import subprocess
import sys

import pytest

from edge3dpose import plugins

HEAVY = (
    *("torch", "cv2", "av", "PIL", "onnx", "onnxruntime", "openvino"),
    *("tensorrt", "tensorrt_rtx", "matplotlib"),
)
CODE = """
import sys
from click.testing import CliRunner
from edge3dpose.cli import cli
done = CliRunner().invoke(cli, sys.argv[1:])
assert done.exit_code == 0, done.output
assert "Usage" in done.output
print(*sorted(set(sys.modules) & set({heavy!r})))
"""


@pytest.mark.parametrize("command", ["", *plugins.names("commands")])
def test_help_loads_nothing_heavy(command):
    arguments = [part for part in (command, "--help") if part]
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(heavy=HEAVY), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
