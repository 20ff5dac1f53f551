"""The networks in PyTorch as engines: eager, compiled, and as a CUDA graph.

Each takes and gives numpy arrays of the host, as our engines do, so the copies to the device and
back are in the time of all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from edge3dpose import models
from edge3dpose.engine_types import Engine, ModelSpec, Weights
from edge3dpose.errors import BadInput
from edge3dpose.training import export, nets
from edge3dpose.training.load_exported import load_exported
from edge3dpose.training.nets.sspnet import SSPNet
from edge3dpose.types import Array

Forward = Callable[[Tensor], Tensor]


def network_of(model: str, scratch: Path) -> tuple[Any, Weights]:
    """A model in PyTorch and as weights; one without weights is exported untrained."""
    spec = models.find(model)
    torch.manual_seed(0)
    net = nets.build(model).eval()
    try:
        weights = models.open_weights(spec)
    except BadInput:
        card = {"state": "untrained", "cuts": {}}
        weights = models.open_weights(spec, export.export(net, spec, scratch / model, card))
    else:
        load_exported(net, weights)
    return net, weights


def forward_of(net: Any, cut: int, device: str, dtype: torch.dtype) -> Forward:
    """images (1, 3, S, S) -> (1, J, 4) of one cut; deeper layers are not computed."""
    shape: dict[str, Any] = {"device": device, "dtype": dtype, "memory_format": torch.channels_last}
    if isinstance(net, SSPNet):
        net.to(**shape)
        return lambda images: net(images, [cut])[0]
    folded = net.exported().to(**shape).eval()
    return lambda images: folded(images)[cut - 1]


class TorchEngine(Engine):
    """A forward pass with fixed buffers.

    way  eager, compile, or graph
    """

    def __init__(
        self, forward: Forward, spec: ModelSpec, device: str, dtype: torch.dtype, way: str
    ) -> None:
        side = spec.input_size
        self._on_gpu = device == "cuda"
        self._host = torch.zeros(1, 3, side, side, pin_memory=self._on_gpu)
        self._images = torch.zeros(1, 3, side, side, device=device, dtype=dtype).to(
            memory_format=torch.channels_last
        )
        self._forward: Forward | None = (
            torch.compile(forward, dynamic=False) if way == "compile" else forward
        )
        self._graph: Any = None
        if way == "graph":
            self._capture()

    @torch.inference_mode()
    def __call__(self, images: Array) -> Array:
        """images (1, 3, S, S) -> (1, J, 4)."""
        self._host.copy_(torch.from_numpy(np.ascontiguousarray(images)))
        self._images.copy_(self._host, non_blocking=True)
        if self._graph is not None:
            self._graph.replay()
            return self._poses.float().cpu().numpy()
        assert self._forward is not None
        return self._forward(self._images).float().cpu().numpy()

    def close(self) -> None:
        """Free the buffers; a second call does nothing."""
        self._graph = self._forward = None
        if self._on_gpu:
            torch.cuda.empty_cache()

    @torch.inference_mode()
    def _capture(self) -> None:
        assert self._forward is not None
        side_stream = torch.cuda.Stream()
        with torch.cuda.stream(side_stream):
            for _ in range(3):  # the first calls allocate and choose kernels
                self._forward(self._images)
        torch.cuda.current_stream().wait_stream(side_stream)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._poses = self._forward(self._images)
