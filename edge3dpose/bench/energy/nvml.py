"""NVML: the energy of the first NVIDIA GPU, as the driver counts it."""

from __future__ import annotations

import contextlib
from typing import Any

from edge3dpose.bench.energy import EnergyPlugin, Meter
from edge3dpose.errors import MissingDependency


class GpuEnergy(Meter):
    """Millijoules since the driver was loaded, as joules since this was opened."""

    name = "nvml"

    def __init__(self, nvml: Any) -> None:
        """nvml  the module pynvml, initialised"""
        self._nvml = nvml
        self._gpu = nvml.nvmlDeviceGetHandleByIndex(0)
        self.covers = f"{nvml.nvmlDeviceGetName(self._gpu)}, the whole card"
        self._start_mj = self._last_mj = nvml.nvmlDeviceGetTotalEnergyConsumption(self._gpu)
        self._open = True

    def read_j(self) -> float:
        """Joules since it was opened; a lost GPU keeps its last reading."""
        with contextlib.suppress(self._nvml.NVMLError):
            self._last_mj = self._nvml.nvmlDeviceGetTotalEnergyConsumption(self._gpu)
        return (self._last_mj - self._start_mj) / 1000

    def close(self) -> None:
        """Release the library; a second call does nothing."""
        if self._open:
            self._open = False
            self._nvml.nvmlShutdown()


class Nvml(EnergyPlugin):
    """Needs nvidia-ml-py and a GPU of the Volta generation or later."""

    name = "nvml"

    def open(self) -> GpuEnergy:
        """The counter of the first GPU; MissingDependency says why there is none."""
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
            return GpuEnergy(pynvml)
        except pynvml.NVMLError as error:
            pynvml.nvmlShutdown()
            raise MissingDependency(f"the first GPU has no energy counter: {error}") from None


PLUGIN = Nvml()
