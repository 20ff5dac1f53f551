"""TensorRT 10.3 to 11.x on an NVIDIA GPU: a plan -> Engine, replayed as one CUDA graph."""

from __future__ import annotations

from typing import Any

from edge3dpose import nvidia
from edge3dpose.errors import MissingDependency
from edge3dpose.runtime import backends
from edge3dpose.runtime.backends._plan_backend import PlanBackend


class TensorRt(PlanBackend):
    """TensorRT. A plan runs on the GPU model that it was built on, which times its kernels."""

    name = "tensorrt"
    package = "tensorrt"
    install = "pip install 'edge3dpose[tensorrt]'"
    auto_rank = 0

    def device(self) -> dict[str, str]:
        """The first device; MissingDependency where there is none.

        It times kernels on the device, and some versions crash the interpreter without one.
        """
        driver = nvidia.probe()
        if driver.problem:
            raise MissingDependency(
                f"TensorRT builds its engines on the GPU that runs them, and {driver.problem}; "
                f"build on that machine, or use {backends.buildable_anywhere()} here"
            )
        device = driver.devices[0]
        return {"name": device.name, "compute_capability": device.compute_capability}

    def context(self, trt: Any, plan: Any, strategy: Any) -> Any:
        """An execution context."""
        return plan.create_execution_context(strategy)


PLUGIN = TensorRt()
