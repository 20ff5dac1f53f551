"""NVML: the energy of the first NVIDIA GPU, asked of the driver's own library; no package."""

from __future__ import annotations

import ctypes
import sys

from edge3dpose.errors import MissingDependency

_NAME_BYTES = 96


def open_meter(library: str | None = None) -> Nvml:
    """The first GPU's counter (Volta or later); MissingDependency says why there is none."""
    name = library or ("nvml.dll" if sys.platform == "win32" else "libnvidia-ml.so.1")
    try:
        nvml = ctypes.CDLL(name)
    except OSError:
        raise MissingDependency(f"{name} is not on this machine: no NVIDIA driver") from None
    if code := nvml.nvmlInit_v2():
        raise MissingDependency(f"NVML does not start (error {code})")
    handle = ctypes.c_void_p()
    if code := nvml.nvmlDeviceGetHandleByIndex_v2(0, ctypes.byref(handle)):
        raise MissingDependency(f"NVML sees no GPU (error {code})")
    meter = Nvml(nvml, handle)
    if code := meter.problem():
        meter.close()
        raise MissingDependency(f"{meter.covers} has no energy counter (NVML error {code})")
    return meter


class Nvml:
    """Millijoules since the driver was loaded, as joules since this was opened."""

    name = "nvml"

    def __init__(self, nvml: ctypes.CDLL, handle: ctypes.c_void_p) -> None:
        self._nvml, self._handle = nvml, handle
        text = ctypes.create_string_buffer(_NAME_BYTES)
        nvml.nvmlDeviceGetName(handle, text, _NAME_BYTES)
        self.covers = f"{text.value.decode(errors='replace')}, the whole card"
        self._millijoules = ctypes.c_ulonglong()
        self._start_mj = 0 if self.problem() else self._millijoules.value

    def problem(self) -> int:
        """NVML's error when it is asked; 0 where there is none."""
        return self._nvml.nvmlDeviceGetTotalEnergyConsumption(
            self._handle, ctypes.byref(self._millijoules)
        )

    def read_j(self) -> float:
        """Joules since it was opened."""
        self.problem()  # it answered before; a lost GPU keeps its last reading
        return (self._millijoules.value - self._start_mj) / 1000

    def close(self) -> None:
        """Let the library go."""
        self._nvml.nvmlShutdown()
