"""Every TensorRT name that the code uses exists in the real bindings of each version we promise.

The bindings' wheels are small and real; what they link to is not, so a library of empty functions
stands in for it. Nothing can be run there, but every class, method and member can be asked for.
"""

import ast
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "edge3dpose"
BACKENDS = PACKAGE / "runtime" / "backends"
USERS = [
    PACKAGE / "compiler" / "plan.py",
    *(
        BACKENDS / name
        for name in ("_plan.py", "_plan_backend.py", "_plan_engine.py", "tensorrt.py")
    ),
]
RTX_ONLY = BACKENDS / "tensorrt_rtx.py"
WHEELS = (
    "tensorrt-cu12-bindings==10.3.0",  # JetPack 6
    "tensorrt-cu13-bindings==10.13.3.9",  # JetPack 7.1
    "tensorrt-cu13-bindings==10.16.1.11",  # JetPack 7.2
    "tensorrt-cu13-bindings==11.4.0.106",
)
OBJECTS = {  # what our variables hold
    "trt": "",
    "builder": "Builder",
    "network": "INetworkDefinition",
    "parser": "OnnxParser",
    "config": "IBuilderConfig",
    "runtime": "Runtime",
    "plan": "ICudaEngine",
    "context": "IExecutionContext",
}
RTX_OBJECTS = {**OBJECTS, "config": "IRuntimeConfig"}
STUBS = """
#define S(n) void *n(void){return 0;}
S(createInferBuilder_INTERNAL) S(createInferRefitter_INTERNAL) S(createInferRuntime_INTERNAL)
S(createNvOnnxParserRefitter_INTERNAL) S(createNvOnnxParser_INTERNAL) S(getBuilderPluginRegistry)
S(getPluginRegistry) S(_ZGTtdlPv) S(_ZGTtnam)
int getNvOnnxParserVersion(void){return 0;} int initLibNvInferPlugins(void){return 1;}
"""
ASK = """
import functools, importlib, json, sys
trt = importlib.import_module(sys.argv[1])
def there(name):
    try:
        functools.reduce(getattr, name.split("."), trt)
        return True
    except AttributeError:
        return False
print(json.dumps([name for name in json.loads(sys.argv[2]) if not there(name)]))
"""


def names_in(source: str, objects: dict[str, str] = OBJECTS) -> set[str]:
    """The dotted TensorRT names that a file uses, but those it asks for with hasattr first."""
    found, optional = set(), set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("hasattr", "getattr"):
            holder, name = node.args[0], node.args[1]
            if isinstance(name, ast.Constant):
                optional.add(
                    ".".join(part for part in (dotted(holder, objects), name.value) if part)
                )
        if isinstance(node, ast.Attribute) and (name := dotted(node, objects)):
            found.add(name)
    return {n for n in found if not any(n == o or n.startswith(f"{o}.") for o in optional)}


def dotted(node: ast.expr, objects: dict[str, str]) -> str:
    """`trt.A.B` -> A.B, `self._context.f` -> IExecutionContext.f, anything else -> ''."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.insert(0, node.attr)
        node = node.value
    if isinstance(node, ast.Name) and node.id == "self" and parts:
        holder, parts = parts[0].lstrip("_"), parts[1:]
    else:
        holder = node.id if isinstance(node, ast.Name) else "?"
    if holder not in objects or not parts or parts[0].startswith("__"):
        return ""
    return ".".join(part for part in (objects[holder], *parts) if part)


USED = sorted(
    {name for file in USERS for name in names_in(file.read_text())} | {"ParserError.desc"}
)


@pytest.fixture(scope="module")
def stub_libraries(tmp_path_factory) -> Path:
    """A folder with the libraries that the bindings link to, empty inside."""
    if not shutil.which("gcc"):
        pytest.skip("gcc is not here, so the stand-in library cannot be made")
    folder = tmp_path_factory.mktemp("stub")
    (folder / "stub.c").write_text(STUBS)
    (folder / "empty.c").write_text("")
    for library in ("nvinfer", "nvonnxparser", "nvinfer_plugin"):
        source = "stub.c" if library == "nvinfer" else "empty.c"
        for major in (10, 11):
            name = f"lib{library}.so.{major}"
            line = ["gcc", "-shared", "-fPIC", source, "-o", name, f"-Wl,-soname,{name}"]
            subprocess.run(line, cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module", params=WHEELS)
def bindings(request, stub_libraries) -> dict[str, str]:
    """Environment in which `tensorrt_bindings` is the real package of one version."""
    kept = request.config.cache.mkdir(f"tensorrt-bindings-{sys.implementation.cache_tag}")
    folder = kept / request.param.replace("==", "-")
    if not (folder / "tensorrt_bindings").is_dir():
        folder.mkdir(exist_ok=True)
        line = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
        done = subprocess.run(
            [*line, "--dest", str(folder), request.param], capture_output=True, text=True
        )
        wheels = list(folder.glob("*.whl"))
        if done.returncode or not wheels:
            pytest.skip(f"pip cannot get {request.param}: {done.stderr.strip()[-200:]}")
        zipfile.ZipFile(wheels[0]).extractall(folder)
    return {**os.environ, "LD_LIBRARY_PATH": str(stub_libraries), "PYTHONPATH": str(folder)}


def missing(module: str, names: list[str], environment: dict[str, str]) -> list[str]:
    """Which of the names a package has not; asked in a process of its own."""
    line = [sys.executable, "-c", ASK, module, json.dumps(names)]
    done = subprocess.run(line, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_names_are_read_from_the_code():
    assert {"Builder.build_serialized_network", "IBuilderConfig.progress_monitor"} <= set(USED)
    assert {"ICudaEngine.get_tensor_name", "IExecutionContext.execute_async_v3"} <= set(USED)
    assert {"IExecutionContext.set_device_memory", "ICudaEngine.device_memory_size_v2"} <= set(USED)
    assert "NetworkDefinitionCreationFlag.STRONGLY_TYPED" in USED
    guarded = "def f(trt):\n if hasattr(trt, 'Odd'):\n  trt.Odd.X\n trt.Even.Y"
    assert names_in(guarded) == {"Even", "Even.Y"}


def test_every_name_exists_in_the_real_bindings(bindings):
    assert missing("tensorrt_bindings", USED, bindings) == []


def test_a_name_that_was_taken_away_is_noticed(bindings):
    gone = missing("tensorrt_bindings", ["BuilderFlag.FP16", "BuilderFlag.REFIT"], bindings)
    assert gone == (["BuilderFlag.FP16"] if "11.4" in bindings["PYTHONPATH"] else [])


def test_every_name_exists_in_tensorrt_for_rtx():
    pytest.importorskip("tensorrt_rtx", reason="the rtx extra is not installed")
    own = names_in(RTX_ONLY.read_text(), RTX_OBJECTS)
    assert "IRuntimeConfig.cuda_graph_strategy" in own
    assert missing("tensorrt_rtx", sorted({*USED, *own}), dict(os.environ)) == []
