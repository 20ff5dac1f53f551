"""--help answers at once: it loads no network library, no OpenCV, no bindings."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

from edge3dpose import plugins
from edge3dpose.cli import _docstring, cli

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
# What the first lines need not: neither the package nor its help reads an array or a machine
NOT_AT_START = (
    *HEAVY,
    *("numpy", "psutil", "rich", "jinja2", "asyncio", "ssl", "importlib.metadata"),
    *("edge3dpose.types", "edge3dpose.machine", "edge3dpose.runtime", "edge3dpose.commands.run"),
)


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


@pytest.mark.parametrize(
    "line",
    ["import edge3dpose", "import edge3dpose.cli; edge3dpose.cli.cli(['--help'], 'edge3dpose')"],
    ids=["import", "help"],
)
def test_the_start_waits_for_nothing_that_it_does_not_need(line):
    code = f"import atexit, sys\natexit.register(lambda: print(*sys.modules, sep='\\n'))\n{line}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.splitlines()) & set(NOT_AT_START) == set()


def test_the_list_of_commands_says_what_their_own_help_says():
    for name in plugins.names("commands"):
        command = cli.get_command(None, name)
        assert inspect.cleandoc(_docstring(name)) == inspect.cleandoc(command.help), name
