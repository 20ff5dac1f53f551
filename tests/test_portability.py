"""What Windows and macOS do otherwise: no module needs POSIX to be imported; text is UTF-8."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "edge3dpose"

# Blocks what Windows lacks, as far as the standard library and the packages can stand it.
IMPORT_ALL = """
import importlib, os, pkgutil, sys

# first what is not ours: it has answers of its own for each system
for name in ("cv2", "onnxruntime", "openvino", "torch", "matplotlib.figure", "rich.console",
             "click.testing", "psutil", "filelock", "platformdirs", "jinja2", "subprocess",
             "tempfile", "multiprocessing.synchronize", "torch.utils.data", "torch.distributed",
             "scipy.io", "h5py", "importlib.metadata", "concurrent.futures.process", "onnx",
             "asyncio", "pandas", "tritonclient.http"):
    try:
        importlib.import_module(name)
    except ImportError:
        pass
for name in ("fcntl", "resource", "termios", "pwd", "grp"):
    sys.modules[name] = None
for name in ("sched_getaffinity", "sched_getscheduler", "getloadavg", "fork", "nice", "sysconf",
             "getuid", "geteuid", "O_NONBLOCK"):
    if hasattr(os, name):
        delattr(os, name)
for platform in ("win32", "darwin"):
    sys.platform = platform
    for name in [name for name in sys.modules if name.partition(".")[0] == "edge3dpose"]:
        del sys.modules[name]
    import edge3dpose
    loaded = []
    for found in pkgutil.walk_packages(edge3dpose.__path__, "edge3dpose."):
        if found.name.endswith(".__main__") or ".peer_scripts." in found.name:
            continue  # scripts
        importlib.import_module(found.name)
        loaded.append(found.name)
    assert len(loaded) > 150, len(loaded)
"""


def test_every_module_loads_without_posix():
    pytest.importorskip("torch")
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_text_file_is_read_and_written_as_utf_8():
    """Windows would take the code page of the system."""
    found = []
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            mode = ast.unparse(node.args[1]) if len(node.args) > 1 else ""
            text = (called == "open" and "b" not in mode) or called.endswith(
                (".read_text", ".write_text")
            )
            if text and "encoding" not in {k.arg for k in node.keywords}:
                found.append(f"{file.relative_to(PACKAGE)}:{node.lineno} {ast.unparse(node)}")
    assert [hit for hit in found if "storage.write_text" not in hit] == []
