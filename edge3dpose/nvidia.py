"""The NVIDIA driver and its devices, read through ctypes: no CUDA package is needed."""

from __future__ import annotations

import ctypes
import sys
from dataclasses import dataclass

_MAJOR, _MINOR = 75, 76  # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, _MINOR
_NAME_BYTES = 128


@dataclass(frozen=True, slots=True)
class Device:
    """One GPU as the driver describes it."""

    name: str
    compute_capability: str  # "8.7"
    memory_mb: int


@dataclass(frozen=True, slots=True)
class Driver:
    """Facts of the driver; ``problem`` is empty where a device can be used."""

    cuda: str | None  # newest CUDA the driver can run, "12.6"
    devices: tuple[Device, ...]
    problem: str


def probe() -> Driver:
    """The driver of this machine; one without a driver has a ``problem``, nothing is raised."""
    library = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    try:
        cuda = ctypes.CDLL(library)
    except OSError:
        return Driver(None, (), f"{library} is not on this machine: no NVIDIA driver")
    if code := cuda.cuInit(0):
        return Driver(None, (), f"the NVIDIA driver does not start (cuInit gave error {code})")
    version, count = ctypes.c_int(), ctypes.c_int()
    cuda.cuDriverGetVersion(ctypes.byref(version))
    cuda.cuDeviceGetCount(ctypes.byref(count))
    devices = tuple(_device(cuda, ordinal) for ordinal in range(count.value))
    text = f"{version.value // 1000}.{version.value % 1000 // 10}"
    return Driver(text, devices, "" if devices else "the NVIDIA driver sees no device")


def _device(cuda: ctypes.CDLL, ordinal: int) -> Device:
    handle = ctypes.c_int()
    cuda.cuDeviceGet(ctypes.byref(handle), ordinal)
    name = ctypes.create_string_buffer(_NAME_BYTES)
    cuda.cuDeviceGetName(name, _NAME_BYTES, handle)
    memory = ctypes.c_size_t()
    cuda.cuDeviceTotalMem_v2(ctypes.byref(memory), handle)
    major, minor = ctypes.c_int(), ctypes.c_int()
    cuda.cuDeviceGetAttribute(ctypes.byref(major), _MAJOR, handle)
    cuda.cuDeviceGetAttribute(ctypes.byref(minor), _MINOR, handle)
    capability = f"{major.value}.{minor.value}"
    return Device(name.value.decode(errors="replace"), capability, memory.value >> 20)
