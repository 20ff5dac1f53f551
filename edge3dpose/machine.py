"""What a figure was measured on: processor, load, system, versions of what took part."""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import os
import platform
import sys
from pathlib import Path

from edge3dpose import __version__, clocks, nvidia

# Modules that can change a speed or an error; what is absent is left out of the report.
TAKING_PART = (
    *("numpy", "cv2", "onnx", "onnxruntime", "openvino", "torch", "moderngl"),
    *("tensorrt", "tensorrt_rtx", "cuda", "pycuda"),
)
_DECISIVE = (
    *("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_fp16", "avx512_bf16"),
    *("amx_int8", "amx_bf16", "asimd", "asimdhp", "asimddp", "i8mm", "bf16", "sve"),
)


def describe() -> dict:
    """Facts of this machine for a report; nothing heavy is imported."""
    driver = nvidia.probe()
    return {
        "processor": processor(),
        "instructions": instruction_sets(),
        "cores": usable_cores(),
        "memory_gb": memory_gb(),
        "gpus": [f"{gpu.name} (sm_{_digits(gpu)}, {gpu.memory_mb} MB)" for gpu in driver.devices],
        "cuda_driver": driver.cuda,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": versions(),
        "load_average": load_average(),
        "scheduling": scheduling(),
        "clocks": clocks.describe(),
    }


def versions() -> dict[str, str]:
    """Versions of what took part, by import name, read from metadata."""
    found = {name: module_version(name) for name in TAKING_PART}
    return {"edge3dpose": __version__} | {name: v for name, v in found.items() if v is not None}


def module_version(module: str) -> str | None:
    """Version of an importable module without importing it; None where it is not installed.

    Gives "unknown" for one that came without metadata (a system's own OpenCV, say).
    """
    try:
        if importlib.util.find_spec(module) is None:
            return None
    except (ImportError, ValueError):  # a half-removed package
        return None
    owners = distributions_of(module.partition(".")[0])
    return importlib.metadata.version(owners[0]) if owners else "unknown"


def distributions_of(module: str) -> list[str]:
    """Names of the installed wheels that hold a top-level module."""
    return sorted(set(_distributions().get(module, ())))


@functools.cache
def _distributions() -> dict[str, list[str]]:
    found = {k: list(v) for k, v in importlib.metadata.packages_distributions().items()}
    if sys.version_info < (3, 11):  # there it knows those wheels alone that list their modules
        for wheel in importlib.metadata.distributions():
            for file in wheel.files or ():
                if len(file.parts) == 2 and file.name == "__init__.py":
                    found.setdefault(file.parts[0], []).append(wheel.metadata["Name"])
    return found


def processor() -> str:
    """Name of the processor, or of the board where it has one (a Jetson, a Raspberry Pi)."""
    board = Path("/proc/device-tree/model")
    if board.is_file():
        return board.read_text(errors="replace").strip("\0\n ")
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def instruction_sets() -> list[str]:
    """The vector instructions of this processor that decide how fast FP16 and INT8 can be."""
    offered = (_cpuinfo("flags") or _cpuinfo("Features")).split()  # x86, ARM
    return [name for name in _DECISIVE if name in offered]


def _cpuinfo(field: str) -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(errors="replace").splitlines() if cpuinfo.is_file() else []
    values = (line.split(":", 1)[1].strip() for line in lines if line.startswith(field))
    return next(values, "")


def usable_cores() -> int:
    """Cores this process may use, which a container makes fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory_gb() -> float | None:
    """Physical memory, GiB; None where the system does not say."""
    try:
        pages, page_bytes = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
    return round(pages * page_bytes / 2**30, 1)


def scheduling() -> str:
    """How the system treats this process beside others: "other, nice 0", "fifo, nice 0"."""
    if not hasattr(os, "sched_getscheduler"):
        return "unknown"
    names = {os.SCHED_OTHER: "other", os.SCHED_FIFO: "fifo", os.SCHED_RR: "round robin"}
    policy = os.sched_getscheduler(0)
    return f"{names.get(policy, str(policy))}, nice {os.nice(0)}"


def load_average() -> list[float] | None:
    """Load over 1, 5 and 15 minutes: what else the machine was doing; None on Windows."""
    if not hasattr(os, "getloadavg"):
        return None
    return [round(load, 2) for load in os.getloadavg()]


def _digits(gpu: nvidia.Device) -> str:
    return gpu.compute_capability.replace(".", "")
