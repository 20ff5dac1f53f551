"""Where engines, profiles and kernels go: the named folder, the checkout, the user's cache."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge3dpose import paths

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


@POSIX
def test_a_user_without_a_home_gets_a_folder_in_the_working_folder(monkeypatch, tmp_path):
    import pwd

    def nobody(number: int) -> None:
        raise KeyError(number)

    installed(monkeypatch)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    monkeypatch.chdir(tmp_path)
    assert paths.home() == tmp_path / ".edge3dpose"


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
