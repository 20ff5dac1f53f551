"""Imports go down only, heavy packages have one owner, files stay small: read from the source."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "edge3dpose"
FILES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))

WORDS = "words"
MAY_IMPORT = {  # a folder -> the folders whose parts it may use besides its own
    WORDS: set(),
    "models": {WORDS},
    "runtime": {WORDS, "models"},
    "compiler": {WORDS, "models", "runtime"},
    "selection": {WORDS, "models", "runtime", "compiler"},
    "training": {WORDS, "models", "runtime"},
    "reports": {WORDS, "models"},
    "evaluation": {WORDS, "models", "runtime", "compiler", "selection", "training", "reports"},
    "bench": {WORDS, "models", "runtime", "compiler", "selection", "evaluation", "reports"},
    "commands": {
        *(WORDS, "models", "runtime", "compiler", "selection"),
        *("training", "reports", "evaluation", "bench"),
    },
}
# They wire the folders, or know only the names of plugins
ENTRY = {"cli.py", "__main__.py", "__init__.py", "pose.py", "diagnostics.py"}

OWNERS = {  # a heavy package -> the files and folders that may import it
    "torch": ("training/",),
    "tensorrt": ("runtime/backends/", "compiler/"),
    "tensorrt_rtx": ("runtime/backends/", "compiler/"),
    "cuda": ("runtime/cuda.py", "runtime/nvrtc.py"),
    "pycuda": ("runtime/cuda.py",),
    "onnx": ("compiler/", "training/"),
    "onnxruntime": ("runtime/", "compiler/", "evaluation/all_heads.py"),
    "openvino": (
        *("runtime/", "compiler/", "evaluation/all_heads.py"),
        "training/teacher/blazepose.py",
    ),
    "click": ("commands/", "cli.py"),
    "rich": ("commands/", "reports/", "training/"),
    "matplotlib": ("reports/", "training/"),
    "moderngl": ("training/synthesis/",),
    "anny": ("training/synthesis/",),
    "pandas": ("poses_file.py",),
    "mediapipe": ("bench/peer_scripts/",),
    "jtop": ("bench/energy/",),
    "cv2": (
        "drawing.py",
        "runtime/",
        "training/",
        "bench/",
        "evaluation/",
        "commands/",
        "diagnostics.py",
    ),
}


PLUGIN_CALLS = ("plugins.load", "plugins.names")


def folder_of(module: str) -> str:
    """edge3dpose.runtime.lift -> runtime; edge3dpose.types -> words."""
    part = module.split(".")[1] if "." in module else ""
    return part if part in MAY_IMPORT else WORDS


def imports_of(source: str) -> list[tuple[int, str]]:
    """(line, module) of every import, lazy ones and plugins.load("room") included."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, name.name) for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            dots = "." * node.level
            found += [(node.lineno, f"{dots}{node.module}.{name.name}") for name in node.names]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in (
            "plugins.load",
            "plugins.names",
        ):
            folder = node.args[0]
            if isinstance(folder, ast.Constant):
                found.append((node.lineno, f"edge3dpose.{folder.value}"))
    return found


def upward_imports(file: str, source: str) -> list[str]:
    """The imports of a file that its wing may not make."""
    wing = folder_of("edge3dpose." + file.removesuffix(".py").replace("/", "."))
    allowed = MAY_IMPORT[wing] | {wing}
    return [
        f"{file}:{line} imports {module}"
        for line, module in imports_of(source)
        if module.split(".")[0] in ("edge3dpose", "") and folder_of(module) not in allowed
    ]


def strangers(file: str, source: str) -> list[str]:
    """The heavy packages that a file imports without owning them."""
    return [
        f"{file}:{line} imports {module}"
        for line, module in imports_of(source)
        if not file.startswith(OWNERS.get(module.split(".")[0], ("",)))
    ]


def everywhere(rule: Callable[[str, str], list[str]]) -> list[str]:
    """What a rule finds in the whole package."""
    return [fault for file in FILES for fault in rule(file, (PACKAGE / file).read_text())]


def test_imports_go_down_only():
    assert everywhere(lambda f, source: [] if f in ENTRY else upward_imports(f, source)) == []


def test_a_heavy_package_is_imported_by_its_owner_alone():
    assert everywhere(strangers) == []


def test_no_import_is_relative_and_no_file_is_a_drawer():
    assert everywhere(lambda f, source: [m for _, m in imports_of(source) if m[0] == "."]) == []
    drawers = {"utils", "common", "helpers", "base", "core", "manager", "misc"}
    assert not drawers & {Path(file).stem for file in FILES}


def test_a_file_can_be_held_in_the_head():
    lines = {file: len((PACKAGE / file).read_text().splitlines()) for file in FILES}
    assert {file: count for file, count in lines.items() if count > 300} == {}


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("runtime/lift.py", "from edge3dpose.bench import timing"),
        ("runtime/backends/replay.py", "def f():\n    import edge3dpose.compiler.plan"),
        ("reports/compare.py", "from edge3dpose import training"),
        ("bench/timing.py", "plugins.load('training.datasets', name)"),
        ("types.py", "from edge3dpose.models import find"),
    ],
)
def test_an_import_that_goes_up_is_caught(file, line):
    assert len(upward_imports(file, line)) == 1


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("runtime/lift.py", "import torch"),
        ("runtime/pipeline.py", "def f():\n    from tensorrt import Logger"),
        ("bench/timing.py", "from click import echo"),
    ],
)
def test_a_package_in_the_wrong_hands_is_caught(file, line):
    assert len(strangers(file, line)) == 1
