"""How fast a machine was allowed to run: frequencies, governor, power mode, temperatures."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

_NVIDIA = "clocks.sm,clocks.max.sm,clocks.mem,power.limit,temperature.gpu,pstate"


def describe(system: Path = Path("/sys"), cpuinfo: Path = Path("/proc/cpuinfo")) -> dict:
    """What the system tells of it; what it does not tell is left out."""
    told = {
        "cpu_mhz": _cpu_mhz(system, cpuinfo),
        "cpu_max_mhz": _each(system, "cpuinfo_max_freq", 1000),
        "governor": _each(system, "scaling_governor"),
        "energy_preference": _each(system, "energy_performance_preference"),
        "boost": _boost(system),
        "power_mode": _power_mode(system),
        "gpu": _answer("nvidia-smi", f"--query-gpu={_NVIDIA}", "--format=csv,noheader"),
        "celsius": _celsius(system),
    }
    return {name: value for name, value in told.items() if value not in (None, [], {}, "")}


def _cpu_mhz(system: Path, cpuinfo: Path) -> list[float]:
    """Of each core, or of each group that shares a clock."""
    known = _each(system, "scaling_cur_freq", 1000)
    if known or not cpuinfo.is_file():
        return known
    lines = cpuinfo.read_text(errors="replace").splitlines()
    return [round(float(line.split(":")[1])) for line in lines if line.startswith("cpu MHz")]


def _each(system: Path, name: str, divisor: int = 0) -> list:
    """A file of every cpufreq policy, one value where all say the same."""
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
    """A Jetson's nvpmodel, a laptop's platform profile."""
    jetson = _answer("nvpmodel", "-q").partition("NV Power Mode:")[2].split()
    return jetson[0] if jetson else _text(system / "firmware" / "acpi" / "platform_profile")


def _celsius(system: Path) -> dict[str, float]:
    zones = sorted(system.glob("class/thermal/thermal_zone*"))
    read = {zone: (_text(zone / "type") or zone.name, _text(zone / "temp")) for zone in zones}
    return {name: int(value) / 1000 for name, value in read.values() if value.lstrip("-").isdigit()}


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace").strip()
    except OSError:
        return ""


def _answer(*command: str) -> str:
    """What a program says; empty where it is not there or fails."""
    if shutil.which(command[0]) is None:
        return ""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
