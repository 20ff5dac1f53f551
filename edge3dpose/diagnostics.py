"""What this machine has and lacks for edge3dpose, each lack with the command that fixes it."""

from __future__ import annotations

import ctypes.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from edge3dpose import machine, models, nvidia, paths
from edge3dpose import opencv_build as opencv
from edge3dpose.errors import Edge3DPoseError
from edge3dpose.finding import Finding
from edge3dpose.runtime import nvrtc

_FEW_MB = 500  # 24 engines of one model and precision need a few hundred MB


def findings() -> list[Finding]:
    """Every check in the order in which a user meets the parts."""
    return [
        *_system(),
        *opencv.findings(),
        *_cpu_backends(),
        *_gpu(),
        *_storage(),
        *_weights(),
        *_train(),
    ]


def _system() -> Iterator[Finding]:
    python = f"{platform.python_version()} at {sys.executable}"
    yield Finding("Python", "ok", python)
    cores, memory = machine.usable_cores(), machine.memory_gb()
    vectors = " ".join(machine.instruction_sets())
    detail = f"{machine.processor()}, {cores} cores, {memory} GB, {vectors or 'no vectors known'}"
    yield Finding("processor", "ok", detail)


def _cpu_backends() -> Iterator[Finding]:
    for module in ("onnxruntime", "openvino"):
        yield _package(module, f"pip install {module}")


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
    yield _package("tensorrt", "pip install 'edge3dpose[tensorrt]'")
    yield _package("tensorrt_rtx", "pip install 'edge3dpose[rtx]'")
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


def _storage() -> Iterator[Finding]:
    folder = paths.engines_folder()
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free_mb = shutil.disk_usage(there).free >> 20
    detail = f"{folder}, {free_mb} MB free"
    fix = "set EDGE3DPOSE_HOME to a folder that can be written, or pass --engines DIR"
    if problem := _cannot_write(there):
        yield Finding("engine cache", "warning", f"{folder} cannot be written: {problem}", fix)
    elif free_mb < _FEW_MB:
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
            detail = f"{weights.onnx.stat().st_size >> 10} KB, hash {weights.sha256[:12]} as carded"
            yield Finding(f"weights {name}", "ok", detail)


def _train() -> Iterator[Finding]:
    extra = "pip install 'edge3dpose[train]'"
    yield _package("torch", extra)
    if machine.module_version("moderngl") is None:
        yield Finding("rendering (EGL)", "missing", "moderngl is not installed", extra)
    elif ctypes.util.find_library("EGL") is None:
        fix = "apt install libegl1 libgl1-mesa-dri"
        yield Finding("rendering (EGL)", "missing", "libEGL is not on this machine", fix)
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
        fix = "apt install libegl1 libgl1-mesa-dri"
        return Finding("rendering (EGL)", "missing", f"no EGL context opens: {error}", fix)
    return Finding("rendering (EGL)", "ok", done.stdout.strip())
