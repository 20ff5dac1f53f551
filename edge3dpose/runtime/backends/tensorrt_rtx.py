"""TensorRT for RTX on an NVIDIA GPU: a plan -> Engine; the package captures its own CUDA graph."""

from __future__ import annotations

from typing import Any

from edge3dpose.runtime.backends._plan_backend import PlanBackend


class TensorRtRtx(PlanBackend):
    """TensorRT for RTX. A plan runs on every RTX GPU of Ampere and later; built without a GPU."""

    name = "tensorrt-rtx"
    package = "tensorrt_rtx"
    install = "pip install 'edge3dpose[rtx]'"
    auto_rank = 1
    builds_for_other_devices = True
    captures = False

    def device(self) -> dict[str, str]:
        """Any RTX GPU of Ampere and later."""
        return {"name": "RTX, Ampere and later", "compute_capability": "rtx"}

    def context(self, trt: Any, plan: Any, strategy: Any) -> Any:
        """An execution context that replays the whole network as a CUDA graph."""
        config = plan.create_runtime_config()
        config.cuda_graph_strategy = trt.CudaGraphStrategy.WHOLE_GRAPH_CAPTURE
        config.set_execution_context_allocation_strategy(strategy)
        return plan.create_execution_context(config)


PLUGIN = TensorRtRtx()
