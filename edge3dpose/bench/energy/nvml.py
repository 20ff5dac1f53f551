"""NVML: the energy of the first NVIDIA GPU, as the driver counts it."""

from __future__ import annotations

import contextlib
from typing import Any

from edge3dpose.errors import MissingDependency


def open_meter() -> Nvml:
    """The first GPU's counter (Volta or later); MissingDependency says why there is none."""
    try:
        import pynvml
    except ImportError:
        raise MissingDependency(
            "nvidia-ml-py is not installed; pip install 'edge3dpose[energy]'"
        ) from None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        raise MissingDependency(f"no NVIDIA driver answers: {error}") from None
    try:
        return Nvml(pynvml)
    except pynvml.NVMLError as error:
        pynvml.nvmlShutdown()
        raise MissingDependency(f"the first GPU has no energy counter: {error}") from None


class Nvml:
    """Millijoules since the driver was loaded, as joules since this was opened."""

    name = "nvml"

    def __init__(self, nvml: Any) -> None:
        """nvml  the module pynvml, initialised"""
        self._nvml = nvml
        self._gpu = nvml.nvmlDeviceGetHandleByIndex(0)
        name = nvml.nvmlDeviceGetName(self._gpu)
        self.covers = f"{name}, the whole card"
        self._start_mj = self._last_mj = nvml.nvmlDeviceGetTotalEnergyConsumption(self._gpu)
        self._open = True

    def read_j(self) -> float:
        """Joules since it was opened; a lost GPU keeps its last reading."""
        with contextlib.suppress(self._nvml.NVMLError):
            self._last_mj = self._nvml.nvmlDeviceGetTotalEnergyConsumption(self._gpu)
        return (self._last_mj - self._start_mj) / 1000

    def close(self) -> None:
        """Let the library go; a second call does nothing."""
        if self._open:
            self._open = False
            self._nvml.nvmlShutdown()
