"""What this machine has and lacks for edge3dpose, each lack with the command that fixes it."""

from __future__ import annotations

import ctypes.util
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edge3dpose import machine, models, nvidia, paths
from edge3dpose.errors import Edge3DPoseError
from edge3dpose.runtime import backends, nvrtc

State = Literal["ok", "missing", "warning"]

_MIN_FREE_MB = 500  # 24 engines of one model and precision need a few hundred MB
_EGL_FIX = "apt install libegl1 libgl1-mesa-dri"
_VIDEO_INPUTS = {  # part of an OpenCV build -> what cannot be opened without it, the fix
    "FFMPEG": (
        "video files and URLs cannot be opened",
        "pip install opencv-python-headless",
    ),
    "GStreamer": (
        "GStreamer pipelines (a Jetson's CSI camera) cannot be opened; USB cameras can",
        "apt install python3-opencv, and use it from a virtual environment made with "
        "--system-site-packages that holds no opencv wheel",
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One part of the machine: its state and, where something is wrong, the fix."""

    subject: str
    state: State
    detail: str
    fix: str = ""


def findings() -> list[Finding]:
    """Every check, in the order in which a user needs the parts."""
    return [
        *_system(),
        *_opencv(),
        *_cpu_backends(),
        *_gpu(),
        *_engine_cache(),
        *_weights(),
        *_training(),
    ]


def _system() -> Iterator[Finding]:
    python = f"{platform.python_version()} at {sys.executable}"
    yield Finding("Python", "ok", python)
    cores, memory = machine.usable_cores(), machine.memory_gb()
    vectors = " ".join(machine.instruction_sets())
    detail = f"{machine.processor()}, {cores} cores, {memory} GB, {vectors or 'no vectors known'}"
    yield Finding("processor", "ok", detail)


def _opencv() -> Iterator[Finding]:
    try:
        import cv2
    except ImportError as error:  # a GUI wheel without libGL, a wheel for another numpy
        fix = "pip uninstall -y opencv-python; pip install opencv-python-headless"
        yield Finding("OpenCV", "missing", f"import cv2 fails: {error}", fix)
        return
    build = cv2.getBuildInformation()
    yield Finding("OpenCV", "ok", f"{cv2.__version__} at {Path(cv2.__file__).parent}")
    yield _windows(build)
    yield from _video_inputs(build)
    yield from _second_opencv(Path(cv2.__file__).parent)


def _windows(build: str) -> Finding:
    """The windows of --show: OpenCV's own, or Tk's where the build has none."""
    if gui := _gui(build):
        return Finding("windows", "ok", f"OpenCV's, {gui}")
    if importlib.util.find_spec("_tkinter"):
        return Finding("windows", "ok", "Tk's; this OpenCV has none of its own")
    detail = "neither OpenCV's nor Tk's: --show does not work, everything else does"
    fix = (
        "apt install python3-tk, or "
        "pip uninstall -y opencv-python-headless; pip install opencv-python"
    )
    return Finding("windows", "missing", detail, fix)


def _gui(build: str) -> str:
    for line in build.splitlines():
        name, _, value = line.strip().partition(":")
        if name == "GUI" and value.strip():
            return "" if value.strip() == "NONE" else value.strip()
        if name in ("QT", "GTK+", "Win32 UI", "Cocoa", "Wayland") and "YES" in value:
            return f"{name}: {value.strip()}"
    return ""


def _video_inputs(build: str) -> Iterator[Finding]:
    for name, (without, fix) in _VIDEO_INPUTS.items():
        lines = (line.strip() for line in build.splitlines())
        value = next((line for line in lines if line.startswith(name + ":")), "")
        if "YES" in value:
            yield Finding(f"OpenCV {name}", "ok", " ".join(value.split()[1:]))
        else:
            yield Finding(f"OpenCV {name}", "missing", without, fix)


def folders_with_opencv(folders: list[str]) -> list[Path]:
    """The folders that hold an OpenCV, in the order in which Python searches them."""
    found = []
    for folder in dict.fromkeys(Path(name or ".").resolve() for name in folders):
        if (folder / "cv2").is_dir() or any(folder.glob("cv2*.so")):
            found.append(folder)
    return found


def _second_opencv(used: Path) -> Iterator[Finding]:
    minor = f"python3.{sys.version_info.minor}"
    homes = ("/usr/lib/python3", f"/usr/lib/{minor}", f"/usr/local/lib/{minor}")
    system = [f"{home}/dist-packages" for home in homes]
    there = folders_with_opencv([*sys.path, *system])
    others = [folder for folder in there if folder not in (used, used.parent)]
    if others:
        where = ", ".join(str(folder) for folder in others)
        detail = f"this one hides another in {where} (a Jetson's own, with GStreamer, perhaps)"
        fix = "keep one: pip uninstall -y opencv-python opencv-python-headless, to use the system's"
        yield Finding("OpenCV, a second one", "warning", detail, fix)
    wheels = machine.distributions_of("cv2")
    if len(wheels) > 1:
        detail = f"{', '.join(wheels)} are installed over each other"
        fix = f"pip uninstall -y {' '.join(wheels)}; pip install opencv-python-headless"
        yield Finding("OpenCV, two wheels", "warning", detail, fix)


def _cpu_backends() -> Iterator[Finding]:
    for package, install in _packages(gpu=False).items():
        yield _package(package, install)


def _packages(*, gpu: bool) -> dict[str, str]:
    """The package of every backend on a GPU, or on the CPU, and the command that installs it."""
    found = [one for one in backends.find_all() if one.is_gpu == gpu and not one.no_build_reason]
    return {backend.package: backend.install for backend in found}


def _package(module: str, fix: str, subject: str = "") -> Finding:
    version = machine.module_version(module)
    if version is None:
        return Finding(subject or module, "missing", "not installed", fix)
    return Finding(subject or module, "ok", version)


def _gpu() -> Iterator[Finding]:
    driver = nvidia.probe()
    if driver.problem:
        fix = "install NVIDIA's driver (a Jetson: flash JetPack); CPU backends work without it"
        yield Finding("NVIDIA driver", "missing", driver.problem, fix)
    else:
        yield Finding("NVIDIA driver", "ok", f"runs CUDA up to {driver.cuda}")
    for gpu in driver.devices:
        detail = f"{gpu.name}, compute capability {gpu.compute_capability}, {gpu.memory_mb} MB"
        yield Finding("NVIDIA device", "ok", detail)
    for package, install in _packages(gpu=True).items():
        if package not in _packages(gpu=False):  # ONNX Runtime's is that of the CPU, too
            yield _package(package, install)
    yield _package("cuda.bindings", "pip install 'edge3dpose[tensorrt]'", "cuda-bindings")
    yield _nvrtc()
    yield _package("pycuda", "pip install 'edge3dpose[pycuda]' (needs the CUDA toolkit)")


def _nvrtc() -> Finding:
    try:
        known = nvrtc.architectures()
    except Edge3DPoseError as error:
        fix = "pip install cuda-bindings nvidia-cuda-nvrtc; else crops are made on the CPU"
        return Finding("NVRTC", "missing", str(error).split("; ")[0], fix)
    return Finding("NVRTC", "ok", f"compiles kernels for {known[0]} to {known[-1]}")


def _engine_cache() -> Iterator[Finding]:
    folder = paths.engines_folder()
    there = next(parent for parent in (folder, *folder.parents) if os.path.exists(parent))
    free_mb = shutil.disk_usage(there).free >> 20
    detail = f"{folder}, {free_mb} MB free"
    fix = "set EDGE3DPOSE_HOME to a folder that can be written, or pass --engines DIR"
    if problem := _cannot_write(there):
        yield Finding("engine cache", "warning", f"{folder} cannot be written: {problem}", fix)
    elif free_mb < _MIN_FREE_MB:
        yield Finding("engine cache", "warning", detail, fix)
    else:
        yield Finding("engine cache", "ok", detail)


def _cannot_write(folder: Path) -> str:
    try:
        handle, name = tempfile.mkstemp(prefix=".doctor-", dir=folder)
    except OSError as error:
        return error.strerror or str(error)
    os.close(handle)
    os.unlink(name)
    return ""


def _weights() -> Iterator[Finding]:
    for name, spec in models.specs().items():
        if not paths.weights_file(name).is_file():
            fix = f"edge3dpose train --model {name}, then pass --weights FILE.onnx"
            yield Finding(f"weights {name}", "missing", "none come with the package", fix)
            continue
        try:
            weights = models.open_weights(spec)
        except Edge3DPoseError as error:
            yield Finding(f"weights {name}", "warning", str(error), "reinstall edge3dpose")
        else:
            size = weights.onnx.stat().st_size >> 10
            detail = f"{size} KB, SHA-256 {weights.sha256[:12]}... as on its card"
            yield Finding(f"weights {name}", "ok", detail)


def _training() -> Iterator[Finding]:
    extra = "pip install 'edge3dpose[train]'"
    yield _package("torch", extra)
    if machine.module_version("moderngl") is None:
        yield Finding("rendering (EGL)", "missing", "moderngl is not installed", extra)
    elif ctypes.util.find_library("EGL") is None:
        yield Finding("rendering (EGL)", "missing", "libEGL is not on this machine", _EGL_FIX)
    else:
        yield _renderer()


def _renderer() -> Finding:
    # In a process of its own: a broken GL driver takes the interpreter down with it.
    code = (
        "import moderngl\n"
        "gl = moderngl.create_standalone_context(backend='egl')\n"
        "print(gl.info['GL_RENDERER'])"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
        )
    except (subprocess.SubprocessError, OSError) as error:
        detail = f"no EGL context can be opened: {error}"
        return Finding("rendering (EGL)", "missing", detail, _EGL_FIX)
    return Finding("rendering (EGL)", "ok", done.stdout.strip())
