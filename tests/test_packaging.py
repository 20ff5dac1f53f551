"""The sdist and the wheel hold what is needed and nothing else; the package runs from its wheel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NOT_SOURCE = (
    *(".git", ".venv", "data", "runs", "kernels", "profiles", "build", "dist"),
    *("*.egg-info", "__pycache__", ".*_cache", ".hypothesis", "*.engine"),
)
SCRIPTS = "Scripts" if os.name == "nt" else "bin"


def command(*arguments: object, cwd: Path, **environment: str) -> str:
    """Runs a program that sees nothing of this checkout; gives what it prints."""
    inherited = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "EDGE3DPOSE_HOME")}
    done = subprocess.run(
        [str(argument) for argument in arguments],
        cwd=cwd,
        env=inherited | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """A copy of the checkout, so that building writes nothing into it."""
    copy = tmp_path_factory.mktemp("source") / "edge3dpose"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*NOT_SOURCE))
    return copy


@pytest.fixture(scope="module")
def built(source) -> Path:
    """The folder with an sdist, and the wheel built from that sdist."""
    command(sys.executable, "-m", "build", "--no-isolation", "--outdir", "out", source, cwd=source)
    return source / "out"


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory) -> Path:
    """The interpreter of a virtual environment with the wheel and this one's other packages."""
    venv = tmp_path_factory.mktemp("installed") / "venv"
    command(sys.executable, "-m", "venv", "--without-pip", venv, cwd=built)
    python = venv / SCRIPTS / Path(sys.executable).name
    (wheel,) = built.glob("*.whl")
    options = ("--no-deps", "--no-index", "--disable-pip-version-check")
    command(sys.executable, "-m", "pip", "--python", python, "install", *options, wheel, cwd=built)
    home = command(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=venv)
    # a path alone: the .pth files in that folder are not read, an editable install among them
    others = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    Path(home.strip(), "others.pth").write_text("\n".join(sorted(others)), encoding="utf-8")
    return python


@pytest.mark.slow
def test_the_wheel_holds_the_package_its_data_and_nothing_else(source, built):
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as content:
        names = {name for name in content.namelist() if ".dist-info/" not in name}
    package = source / "edge3dpose"
    wanted = {f.relative_to(source).as_posix() for f in package.rglob("*") if f.is_file()}
    ranges = {f"edge3dpose/weights/{f.name}" for f in (source / "calibration").glob("*.json")}
    assert names == wanted | ranges
    for data in (
        *(
            "py.typed",
            "reports/templates/page.html",
            "weights/sspnet-lite.onnx",
            "weights/sspnet-lite.json",
        ),
        *("weights/sspnet-lite.ranges.json", "runtime/crop.cu", "runtime/sources/sample.mp4"),
    ):
        assert f"edge3dpose/{data}" in names


@pytest.mark.slow
def test_the_sdist_holds_what_builds_tests_and_documents(built):
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as content:
        names = {name.partition("/")[2] for name in content.getnames()}
    for file in (
        *("setup.py", "pyproject.toml", "constraints.txt", "LICENSE", "NOTICE", "CHANGELOG.md"),
        *("calibration/sspnet-lite.ranges.json", "engines/README.md", "tests/conftest.py"),
        *("tests/support/tiny_model.py", "benchmarks/README.md", "docs/jetson.md"),
    ):
        assert file in names
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


@pytest.mark.slow
def test_the_package_runs_from_its_wheel(installed, tmp_path):
    where = command(installed, "-c", "import edge3dpose; print(edge3dpose.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(installed.parents[1])
    home = tmp_path / "home"
    program = installed.with_name("edge3dpose" + installed.suffix)
    command(
        *(program, "run", "--source", "sample", "--max-frames", 12, "--no-show"),
        *("--jsonl", tmp_path / "poses.jsonl"),
        cwd=tmp_path,
        EDGE3DPOSE_HOME=str(home),
    )
    assert len((tmp_path / "poses.jsonl").read_text().splitlines()) == 13
    assert list((home / "engines").glob("*.onnx"))
    command(program, "doctor", cwd=tmp_path, EDGE3DPOSE_HOME=str(home))
