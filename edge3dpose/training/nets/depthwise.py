"""Depthwise 5x5 convolution whose weight gradient is quick on a CPU in bfloat16.

torch's own backward takes 60 ms where the forward takes 1 (32 maps of 96x32x32, bfloat16,
channels_last): most of a training step on a CPU. The gradient of the input is a depthwise
convolution with the turned kernel; the gradient of the weights is a C++ loop, compiled at first
use.
"""

from __future__ import annotations

import functools
import logging
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@functools.cache
def _compiled() -> ModuleType | None:
    """The C++ part, or None where there is no compiler: torch's own backward serves then."""
    from torch.utils import cpp_extension

    try:
        return cpp_extension.load(
            "edge3dpose_depthwise",
            [str(Path(__file__).with_name("depthwise.cpp"))],
            extra_cflags=["-O3", "-march=native", "-ffast-math"],
        )
    except (RuntimeError, OSError, ImportError) as error:
        logging.getLogger(__name__).info("no compiled depthwise gradient: %s", error)
        return None


class _QuickBackward(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return F.conv2d(x, weight, padding=2, groups=x.shape[1])

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        x, weight = ctx.saved_tensors
        grad = grad.contiguous(memory_format=torch.channels_last)
        to_x = F.conv2d(grad, weight.flip(2, 3), padding=2, groups=x.shape[1])
        extension = _compiled()
        assert extension is not None
        x = x.contiguous(memory_format=torch.channels_last)
        return to_x, extension.weight_grad(x, grad, 5).to(weight.dtype)


class Depthwise5x5(nn.Conv2d):
    """A depthwise 5x5 convolution without bias (channels in = out), quicker to train."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, 5, padding=2, groups=channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        quick = (
            self.training
            and x.device.type == "cpu"
            and torch.is_autocast_enabled("cpu")
            and not torch.compiler.is_exporting()
            and _compiled() is not None
        )
        if not quick:
            return super().forward(x)
        kind = torch.get_autocast_dtype("cpu")
        return _QuickBackward.apply(x.to(kind), self.weight.to(kind))
