"""Imports go down only, heavy packages have one owner, files and signatures stay small.

All of it is read from the source: nothing is imported.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "edge3dpose"
FILES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))

WORDS = "words"
MAY_IMPORT = {  # a folder -> the folders whose parts it may use besides its own
    WORDS: set(),
    "models": {WORDS},
    "shape": {WORDS},
    "kinematics": {WORDS, "shape"},
    "exporters": {WORDS, "shape", "kinematics"},
    "viewer": {WORDS},
    "runtime": {WORDS, "models", "shape", "kinematics", "exporters", "viewer"},
    "lens": {WORDS, "runtime"},
    "compiler": {WORDS, "models", "runtime"},
    "selection": {WORDS, "models", "runtime", "compiler"},
    "training": {WORDS, "models", "runtime", "shape"},
    "reports": {WORDS, "models", "selection", "kinematics"},
    "serving": {WORDS, "models", "runtime", "compiler", "selection"},
    "pose": {WORDS, "models", "runtime", "compiler", "selection"},
    "evaluation": {
        *(WORDS, "models", "runtime", "compiler", "selection"),
        *("pose", "training", "reports", "kinematics"),
    },
    "bench": {
        *(WORDS, "models", "runtime", "compiler", "selection"),
        *("pose", "reports", "evaluation"),
    },
    "archive": {WORDS, "runtime", "pose", "reports"},
    "ros2": {WORDS, "kinematics", "pose"},
    "commands": {
        *(WORDS, "models", "runtime", "compiler", "selection"),
        *("pose", "training", "reports", "evaluation", "bench"),
        *("exporters", "lens", "kinematics", "viewer", "archive", "serving"),
    },
}
# They wire the folders, or know only the names of plugins
ENTRY = {"cli.py", "__main__.py", "__init__.py", "pose_options.py", "diagnostics.py"}

OWNERS = {  # a heavy package -> the files and folders that may import it
    "torch": ("training/",),
    "tensorrt": ("runtime/backends/", "compiler/"),
    "tensorrt_rtx": ("runtime/backends/", "compiler/"),
    "cuda": ("runtime/cuda.py", "runtime/nvrtc.py"),
    "pycuda": ("runtime/cuda.py",),
    "onnx": ("compiler/", "serving/", "training/"),
    "onnxruntime": ("runtime/", "compiler/", "training/fusion/trunk.py"),
    "openvino": ("runtime/", "compiler/", "training/teacher/network.py"),
    "click": ("commands/", "cli.py"),
    "rich": ("commands/", "reports/", "training/"),
    "matplotlib": ("reports/", "training/"),
    "moderngl": ("training/synthesis/",),
    "anny": ("training/synthesis/",),
    "pandas": ("poses_file.py",),
    "pyarrow": ("exporters/parquet.py", "archive/table.py"),
    "ray": ("archive/ray_crew.py",),
    "c3d": ("exporters/c3d.py",),
    "motmetrics": ("evaluation/",),
    "mediapipe": ("bench/peer_scripts/",),
    "jtop": ("bench/energy/",),
    "pynvml": ("bench/energy/",),
    "psutil": ("machine.py", "bench/"),
    "platformdirs": ("paths.py",),
    "filelock": ("compiler/", "archive/folder.py"),
    "jinja2": ("reports/",),
    "yaml": ("intrinsics.py",),
    "websockets": ("viewer/",),
    "av": ("runtime/sources/", "runtime/sinks/"),
    "PIL": ("runtime/sources/",),
    "pillow_heif": ("runtime/sources/",),
    "tritonclient": ("serving/client.py",),
    "cv2": (
        "serving/client.py",
        "drawing.py",
        "runtime/",
        "lens/",
        "training/",
        "bench/",
        "evaluation/",
        "commands/",
        "diagnostics.py",
    ),
}

MAX_PARAMETERS = 6  # of a function, self excepted; more are grouped in a dataclass
MAX_LINES = 300  # of a file
# Public entry points; click callbacks have as many parameters as options, too
MANY_PARAMETERS = {
    "pose.py PoseEstimator.__init__",
    "selection/engine.py build_engine",
    "compiler/calibrate.py calibrate",
}


PLUGIN_CALLS = ("plugins.load", "plugins.names", "plugins.find", "plugins.find_all")


def folder_of(module: str) -> str:
    """edge3dpose.runtime.lift -> runtime; edge3dpose.types -> words."""
    part = module.split(".")[1] if "." in module else ""
    return part if part in MAY_IMPORT else WORDS


def imports_of(source: str) -> list[tuple[int, str]]:
    """(line, module) of every import; those in functions and plugins.load("folder") included."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, name.name) for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            dots = "." * node.level
            found += [(node.lineno, f"{dots}{node.module}.{name.name}") for name in node.names]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in PLUGIN_CALLS:
            folder = node.args[0]
            if isinstance(folder, ast.Constant):
                found.append((node.lineno, f"edge3dpose.{folder.value}"))
    return found


def upward_imports(file: str, source: str) -> list[str]:
    """The imports of a file that its folder may not make."""
    folder = folder_of("edge3dpose." + file.removesuffix(".py").replace("/", "."))
    allowed = MAY_IMPORT[folder] | {folder}
    return [
        f"{file}:{line} imports {module}"
        for line, module in imports_of(source)
        if module.split(".")[0] in ("edge3dpose", "") and folder_of(module) not in allowed
    ]


def foreign_packages(file: str, source: str) -> list[str]:
    """The heavy packages that a file imports without owning them."""
    return [
        f"{file}:{line} imports {module}"
        for line, module in imports_of(source)
        if not file.startswith(OWNERS.get(module.split(".")[0], ("",)))
    ]


def long_signatures(file: str, source: str) -> list[str]:
    """The functions with too many parameters, as "FILE CLASS.FUNCTION"."""
    found = []

    def visit(node: ast.AST, owner: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef):
                visit(child, f"{owner}{child.name}.")
                continue
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and not _is_command(child):
                given = child.args
                names = [a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
                names += [a.arg for a in (given.vararg, given.kwarg) if a]
                if len([n for n in names if n not in ("self", "cls")]) > MAX_PARAMETERS:
                    found.append(f"{file} {owner}{child.name}")
            visit(child, owner)

    visit(ast.parse(source), "")
    return found


def _is_command(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(ast.unparse(d).startswith("click.command") for d in function.decorator_list)


def everywhere(rule: Callable[[str, str], list[str]]) -> list[str]:
    """What a rule finds in the whole package."""
    return [fault for file in FILES for fault in rule(file, source_of(file))]


def source_of(file: str) -> str:
    return (PACKAGE / file).read_text(encoding="utf-8")


def test_imports_go_down_only():
    assert everywhere(lambda f, source: [] if f in ENTRY else upward_imports(f, source)) == []


def test_a_heavy_package_is_imported_by_its_owner_alone():
    assert everywhere(foreign_packages) == []


def test_commands_are_imported_by_nobody():
    outside = [f for f in PACKAGE.rglob("*.py") if f.relative_to(PACKAGE).parts[0] != "commands"]
    found = [
        f"{file.relative_to(ROOT).as_posix()}:{line} imports {module}"
        for file in [*outside, *ROOT.glob("benchmarks/*.py")]
        for line, module in imports_of(file.read_text(encoding="utf-8"))
        if module.startswith("edge3dpose.commands") and file.name != "cli.py"
    ]
    assert found == []


def test_no_import_is_relative_and_no_file_is_a_drawer():
    assert everywhere(lambda f, source: [m for _, m in imports_of(source) if m[0] == "."]) == []
    drawers = {"utils", "common", "helpers", "base", "core", "manager", "misc"}
    assert not drawers & {Path(file).stem for file in FILES}


def test_a_file_can_be_held_in_the_head():
    lines = {file: len(source_of(file).splitlines()) for file in FILES}
    assert {file: count for file, count in lines.items() if count > MAX_LINES} == {}


def test_a_call_can_be_read():
    assert set(everywhere(long_signatures)) - MANY_PARAMETERS == set()


def test_the_map_names_every_file_and_folder_of_the_package():
    _, _, below = (
        (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("    edge3dpose/\n")
    )
    lines = itertools.takewhile(lambda line: line.startswith("      "), below.splitlines())
    named = [line.split()[0] for line in lines]
    listed = {
        f"{path.name}/" if path.is_dir() else path.name
        for path in PACKAGE.iterdir()
        if path.name != "__pycache__"
    }
    assert sorted(named) == sorted(listed)


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("runtime/lift.py", "from edge3dpose.bench import timing"),
        ("runtime/backends/replay.py", "def f():\n    import edge3dpose.compiler.plan"),
        ("reports/compare.py", "from edge3dpose import training"),
        ("runtime/lift.py", "from edge3dpose.pose import PoseEstimator"),
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
    assert len(foreign_packages(file, line)) == 1


def test_a_long_signature_is_caught():
    seven = "a, b, *, c, d=1, e, f, {}"
    source = (
        f"def plain({seven.format('g')}): ...\n"
        f"class Net:\n    def __init__(self, {seven.format('**more')}): ...\n"
        "    def six(self, a, b, c, d, e, f): ...\n"
        f"@click.command()\ndef command({seven.format('g')}): ...\n"
    )
    assert long_signatures("x.py", source) == ["x.py plain", "x.py Net.__init__"]
