"""Where engines, profiles and kernels go: the named folder, the checkout, the user's cache."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge3dpose import paths, plugins

POSIX = pytest.mark.skipif(os.name != "posix", reason="home folders of POSIX")


def test_the_named_folder_comes_first_then_the_checkout(monkeypatch, tmp_path):
    monkeypatch.setenv("EDGE3DPOSE_HOME", str(tmp_path))
    assert paths.engines_folder() == tmp_path / "engines"
    assert paths.profiles_folder() == tmp_path / "profiles"
    assert paths.kernels_folder() == tmp_path / "kernels"
    monkeypatch.delenv("EDGE3DPOSE_HOME")
    assert paths.home() == Path(__file__).parents[1]


def installed(monkeypatch):
    """As where there is no checkout."""
    monkeypatch.setattr(paths, "_CHECKOUT", None)
    monkeypatch.delenv("EDGE3DPOSE_HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)


@pytest.mark.skipif(sys.platform != "linux", reason="the cache folder of Linux")
def test_an_installed_package_uses_the_cache_folder_of_the_user(monkeypatch, tmp_path):
    installed(monkeypatch)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert paths.home() == tmp_path / ".cache" / "edge3dpose"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    assert paths.home() == tmp_path / "elsewhere" / "edge3dpose"


WITHOUT_HOME = """
import os, sys
from pathlib import Path
from edge3dpose import paths, plugins
paths._CHECKOUT = None
for name in ("HOME", "XDG_CACHE_HOME", "EDGE3DPOSE_HOME"):
    os.environ.pop(name, None)
import pwd
def nobody(number):
    raise KeyError(number)
pwd.getpwuid = nobody
"""


def without_home(code, folder):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_HOME + code],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list(folder.iterdir()) == []  # nothing in the working folder
    return done


@POSIX
def test_a_user_without_a_home_gets_a_temporary_folder_and_one_warning(tmp_path):
    code = "print(paths.engines_folder()); assert paths.engines_folder().parent.is_dir()"
    done = without_home(code + "; paths.kernels_folder()", tmp_path)
    assert done.stderr.count("engines are built in a temporary folder") == 1
    assert len(done.stderr.splitlines()) == 1
    assert not Path(done.stdout.strip()).parent.exists()  # it goes with the process


@POSIX
@pytest.mark.parametrize("command", plugins.names("commands"))
def test_help_needs_no_home(tmp_path, command):
    code = "from click.testing import CliRunner\nfrom edge3dpose.cli import cli\n"
    code += f"done = CliRunner().invoke(cli, [{command!r}, '--help'])\n"
    code += "assert done.exit_code == 0, done.output"
    assert without_home(code, tmp_path).stderr == ""


@POSIX
@pytest.mark.skipif(not Path("/proc/version").exists(), reason="/proc stands for a read-only home")
def test_where_the_home_cannot_be_written_an_engine_is_built_in_a_temporary_folder(tmp_path):
    code = "import edge3dpose\nimport os\nos.environ['EDGE3DPOSE_HOME'] = '/proc/no/such'\n"
    code += "one = edge3dpose.build_engine(cut=1, precision='fp32', backend='onnxruntime')\n"
    code += "two = edge3dpose.build_engine(cut=1, precision='fp32', backend='onnxruntime')\n"
    code += "assert one == two and one.is_file(); print(one)"
    done = without_home(code, tmp_path)
    assert done.stderr.count("engines are built in a temporary folder") == 1
    assert not Path(done.stdout.strip()).exists()


@POSIX
def test_a_home_that_cannot_be_written_is_no_traceback(tmp_path):
    code = "from click.testing import CliRunner\nfrom edge3dpose.cli import cli\n"
    code += "done = CliRunner().invoke(cli, ['doctor'])\nassert done.exit_code == 0, done.output\n"
    code += "assert 'cannot be written' in done.output"
    where = {**os.environ, "EDGE3DPOSE_HOME": "/proc/no/such"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=where, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
