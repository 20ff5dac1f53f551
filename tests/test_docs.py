"""Examples of the README, docs/python.md and public docstrings run as they are written."""

import inspect
import re
import textwrap
from pathlib import Path

import cv2
import pytest

import edge3dpose

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```python([^\n]*)\n(.*?)^```", re.M | re.S)
SKIPPED = "no-run"  # after ```python: a block that needs a GPU, a camera or minutes
SLOW = "# takes minutes"  # in a docstring's example: it is compiled, not run


def blocks(file):
    """(mark, code) of every Python block of a document."""
    return [(mark.strip(), code) for mark, code in BLOCK.findall((ROOT / file).read_text())]


@pytest.fixture
def screen(monkeypatch):
    """OpenCV's window without a screen; q is pressed at the third picture."""
    shown = []
    monkeypatch.setattr(cv2, "imshow", lambda title, picture: shown.append(picture))
    monkeypatch.setattr(cv2, "waitKey", lambda ms: ord("q") if len(shown) == 3 else -1)
    return shown


def test_the_readme_begins_with_python_that_runs(tmp_path, monkeypatch, screen, capsys):
    monkeypatch.chdir(tmp_path)
    (mark, code), *_ = blocks("README.md")
    assert mark == ""
    assert "pose.stream(0)" in code
    exec(compile(code.replace("pose.stream(0)", 'pose.stream("sample")'), "README.md", "exec"), {})
    assert len(screen) == 3
    assert screen[0].shape[2] == 3
    said = capsys.readouterr().out
    assert "sspnet-lite" in said.splitlines()[0]
    assert "cut" in said


def test_the_library_page_runs_from_top_to_bottom(tmp_path, monkeypatch, screen):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EDGE3DPOSE_HOME", str(tmp_path / "home"))
    names = {"__name__": "__main__"}
    run = 0
    for mark, code in blocks("docs/python.md"):
        assert mark in ("", SKIPPED), f"unknown mark {mark!r}"
        compiled = compile(code, f"docs/python.md: {code.splitlines()[0]}", "exec")
        if mark != SKIPPED:
            exec(compiled, names)
            run += 1
    assert run >= 8


PUBLIC = [name for name in edge3dpose.__all__ if not name.startswith("_")]


@pytest.mark.parametrize("name", PUBLIC)
def test_everything_public_has_a_docstring(name):
    assert len(inspect.getdoc(getattr(edge3dpose, name)) or "") > 40


def example_of(thing):
    """The code under "Example::" in a docstring; empty where there is none."""
    found = re.search(r"Example::\n\n((?:    .*\n|\n)+)", (inspect.getdoc(thing) or "") + "\n")
    return textwrap.dedent(found.group(1)) if found else ""


WITH_EXAMPLE = (
    *("PoseEstimator", "draw", "read_poses", "Camera", "Pose3D", "fit_shape", "export"),
    *("build_engine", "calibrate", "tune", "benchmark", "evaluate"),
)


@pytest.mark.parametrize("name", WITH_EXAMPLE)
def test_an_example_in_a_docstring_runs(name, tmp_path, monkeypatch):
    code = example_of(getattr(edge3dpose, name))
    assert code, f"{name} has no Example:: in its docstring"
    compiled = compile(code, f"example of {name}", "exec")
    if SLOW in code:
        return
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EDGE3DPOSE_HOME", str(tmp_path / "home"))
    names = {"edge3dpose": edge3dpose}
    with edge3dpose.PoseEstimator(cut=1) as pose:
        for frame, people in pose.stream("sample"):
            names |= {"frame": frame, "people": people, "image": frame.image}
            break
        pose.run("sample", outputs={"jsonl": Path("out.jsonl")}, max_frames=2)
    exec(compiled, names)
