"""Facts of this machine: processor, load, clocks, versions; and the header of every report."""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from edge3dpose import __version__, nvidia, paths

# Modules whose version can change a speed or an error
_PACKAGES = (
    *("numpy", "cv2", "onnx", "onnxruntime", "openvino", "torch", "moderngl"),
    *("tensorrt", "tensorrt_rtx", "cuda", "pycuda"),
)
_VECTOR_INSTRUCTIONS = (
    *("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_fp16", "avx512_bf16"),
    *("amx_int8", "amx_bf16", "asimd", "asimdhp", "asimddp", "i8mm", "bf16", "sve"),
)

_SMI_FIELDS = "clocks.sm,clocks.max.sm,clocks.mem,power.limit,temperature.gpu,pstate"


def report_header(kind: str) -> dict:
    """What every report begins with: schema edge3dpose.KIND/1, time, commit, machine."""
    return {
        "schema": f"edge3dpose.{kind}/1",
        "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": describe(),
    }


def commit(folder: Path = paths.PACKAGE.parent) -> str | None:
    """git describe of the checkout, "-dirty" where files differ; None where there is none."""
    if not (folder / ".git").exists():  # an installed package, perhaps inside a user's own checkout
        return None
    command = ("git", "-C", str(folder), "describe", "--always", "--dirty", "--tags")
    return _output(*command, timeout_s=30) or None


def describe() -> dict:
    """Facts of this machine for a report; nothing heavy is imported."""
    driver = nvidia.probe()
    return {
        "processor": processor(),
        "instructions": instruction_sets(),
        "cores": usable_cores(),
        "memory_gb": memory_gb(),
        "gpus": [_gpu(device) for device in driver.devices],
        "cuda_driver": driver.cuda,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": versions(),
        "load_average": load_average(),
        "scheduling": scheduling(),
        "clocks": clocks(),
    }


def _gpu(device: nvidia.Device) -> str:
    architecture = device.compute_capability.replace(".", "")
    return f"{device.name} (sm_{architecture}, {device.memory_mb} MB)"


def versions() -> dict[str, str]:
    """Installed versions of the packages that matter, by import name, read from metadata."""
    found = {name: module_version(name) for name in _PACKAGES}
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
    if sys.version_info < (3, 11):  # there, only wheels with a top_level.txt are known
        for wheel in importlib.metadata.distributions():
            for file in wheel.files or ():
                if len(file.parts) == 2 and file.name == "__init__.py":
                    found.setdefault(file.parts[0], []).append(wheel.metadata["Name"])
    return found


def processor() -> str:
    """Name of the processor, or of the board where it has one (a Jetson, a Raspberry Pi)."""
    board = Path("/proc/device-tree/model")
    if board.is_file():
        return _text(board).strip("\0\n ")
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def instruction_sets() -> list[str]:
    """The vector instructions of this processor that decide how fast FP16 and INT8 can be."""
    offered = (_cpuinfo("flags") or _cpuinfo("Features")).split()  # x86, ARM
    return [name for name in _VECTOR_INSTRUCTIONS if name in offered]


def multiplies_int8_exactly() -> bool:
    """Whether products of unsigned and signed bytes are summed in 32 bits, as far as is known.

    False on an x86 processor that does not name VNNI or AMX: its AVX2 sums two in 16 bits.
    """
    exact = {"avx_vnni", "avx512_vnni", "amx_int8"}
    is_x86 = platform.machine().lower() in ("x86_64", "amd64", "i686", "x86")
    return not is_x86 or bool(exact.intersection(instruction_sets()))


def _cpuinfo(field: str) -> str:
    lines = _text(Path("/proc/cpuinfo")).splitlines()
    values = (line.split(":", 1)[1].strip() for line in lines if line.startswith(field))
    return next(values, "")


def usable_cores() -> int:
    """Cores this process may use, which a container makes fewer than the machine has."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    import psutil

    process: Any = psutil.Process()
    if hasattr(process, "cpu_affinity"):  # not on macOS
        return len(process.cpu_affinity())
    return psutil.cpu_count() or 1


def lower_priority() -> None:
    """Let other processes come first: nice 5 more, its counterpart on Windows."""
    import psutil

    process = psutil.Process()
    below_normal = getattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS", None)  # on Windows only
    process.nice(min(19, process.nice() + 5) if below_normal is None else below_normal)


def return_unused_memory() -> None:
    """Give what was freed back to the system, where the C library keeps it (glibc); ms of work."""
    if sys.platform != "linux":
        return
    import ctypes

    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
    if trim is not None:
        trim(0)


def peak_mb(process: int | None = None) -> float | None:
    """Most resident memory of a process so far, MB of 10^6 bytes; None where nobody keeps it.

    process  its number; None for this one
    """
    import psutil

    # not getrusage: a child begins there with what its parent held
    try:
        if psutil.WINDOWS:
            held: Any = psutil.Process(process).memory_info()
            return round(held.peak_wset / 1e6, 1)
        status = Path(f"/proc/{process or 'self'}/status").read_text(encoding="utf-8")
    except (OSError, psutil.Error):
        return None
    lines = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return next((round(int(line.split()[1]) * 1024 / 1e6, 1) for line in lines), None)


def memory_gb() -> float:
    """Physical memory, GiB."""
    import psutil

    return round(psutil.virtual_memory().total / 2**30, 1)


def scheduling() -> str:
    """How Linux schedules this process: "other, nice 0", "fifo, nice 0"; "unknown" elsewhere."""
    if sys.platform != "linux":
        return "unknown"
    names = {os.SCHED_OTHER: "other", os.SCHED_FIFO: "fifo", os.SCHED_RR: "round robin"}
    policy = os.sched_getscheduler(0)
    return f"{names.get(policy, str(policy))}, nice {os.nice(0)}"


def load_average() -> list[float]:
    """Load over 1, 5 and 15 minutes: what else the machine was doing."""
    import psutil

    return [round(load, 2) for load in psutil.getloadavg()]


def clocks(system: Path = Path("/sys"), cpuinfo: Path = Path("/proc/cpuinfo")) -> dict:
    """How fast the machine may run: frequencies, governor, power mode, temperatures.

    What the system does not say is left out.
    """
    facts = {
        "cpu_mhz": _cpu_mhz(system, cpuinfo),
        "cpu_max_mhz": _each(system, "cpuinfo_max_freq", 1000),
        "governor": _each(system, "scaling_governor"),
        "energy_preference": _each(system, "energy_performance_preference"),
        "boost": _boost(system),
        "power_mode": _power_mode(system),
        "gpu": _output("nvidia-smi", f"--query-gpu={_SMI_FIELDS}", "--format=csv,noheader"),
        "celsius": _celsius(system),
    }
    return {name: value for name, value in facts.items() if value not in (None, [], {}, "")}


def _cpu_mhz(system: Path, cpuinfo: Path) -> list[float]:
    """Frequency of each core, or of each group of cores that shares a clock."""
    known = _each(system, "scaling_cur_freq", 1000)
    if known or not cpuinfo.is_file():
        return known
    lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    return [round(float(line.split(":")[1])) for line in lines if line.startswith("cpu MHz")]


def _each(system: Path, name: str, divisor: int = 0) -> list:
    """A value of every cpufreq policy: numbers, or the different words."""
    files = sorted(system.glob(f"devices/system/cpu/cpufreq/policy*/{name}"))
    values = [text for file in files if (text := _text(file))]
    if divisor:
        return [round(int(value) / divisor) for value in values]
    return sorted(set(values))


def _boost(system: Path) -> bool | None:
    cpu = system / "devices" / "system" / "cpu"
    if forbidden := _text(cpu / "intel_pstate" / "no_turbo"):
        return forbidden == "0"
    allowed = _text(cpu / "cpufreq" / "boost")
    return allowed == "1" if allowed else None


def _power_mode(system: Path) -> str:
    """The mode of a Jetson's nvpmodel, the platform profile of a laptop."""
    jetson = _output("nvpmodel", "-q").partition("NV Power Mode:")[2].split()
    return jetson[0] if jetson else _text(system / "firmware" / "acpi" / "platform_profile")


def _celsius(system: Path) -> dict[str, float]:
    zones = sorted(system.glob("class/thermal/thermal_zone*"))
    read = {zone: (_text(zone / "type") or zone.name, _text(zone / "temp")) for zone in zones}
    return {name: int(value) / 1000 for name, value in read.values() if value.lstrip("-").isdigit()}


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _output(*command: str, timeout_s: float = 10) -> str:
    """What a program prints; empty where it is not installed or fails."""
    if shutil.which(command[0]) is None:
        return ""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=timeout_s, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
