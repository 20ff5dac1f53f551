"""Depthwise convolutions with a fast backward pass on a CPU in bfloat16.

torch's own backward takes 60 ms where the forward takes 1 (32 maps of 96x32x32, bfloat16,
channels_last): most of a training step on a CPU. Here the gradient of the input is a depthwise
convolution with the flipped kernel; that of the weights is a C++ loop, compiled at first use.
"""

from __future__ import annotations

import functools
import logging
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

NAME = "edge3dpose_depthwise"
BUILD_S = 300.0  # no build takes so long


def _forget_killed_build(folder: Path) -> None:
    """A build that was killed leaves its lock, for which torch would wait for ever."""
    lock = folder / "lock"
    try:
        if time.time() - lock.stat().st_mtime > BUILD_S:
            lock.unlink()
    except OSError:  # there is none, or another process has just removed it
        pass


@functools.cache
def _compiled() -> ModuleType | None:
    """The C++ part, or None where there is no compiler: then torch's own backward is used."""
    from torch.utils import cpp_extension

    try:
        _forget_killed_build(Path(cpp_extension._get_build_directory(NAME, False)))
        return cpp_extension.load(
            NAME,
            [str(Path(__file__).with_name("depthwise.cpp"))],
            extra_cflags=["-O3", "-march=native", "-ffast-math"],
        )
    except (RuntimeError, OSError, ImportError) as error:
        logging.getLogger(__name__).info("no compiled depthwise gradient: %s", error)
        return None


class _FastBackward(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, stride: int) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.stride = stride
        return F.conv2d(x, weight, bias, stride, weight.shape[-1] // 2, groups=x.shape[1])

    # torch declares one argument and result for every function there may be
    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        x, weight = ctx.saved_tensors
        grad = grad.contiguous(memory_format=torch.channels_last)
        dense = grad
        if ctx.stride > 1:  # zeros between the cells, at the resolution of the input
            dense = torch.zeros_like(x, memory_format=torch.channels_last)
            dense[:, :, :: ctx.stride, :: ctx.stride] = grad
        kernel = weight.shape[-1]
        to_x = F.conv2d(dense, weight.flip(2, 3), padding=kernel // 2, groups=x.shape[1])
        if not ctx.needs_input_grad[1]:
            return to_x, None, None, None
        extension = _compiled()
        assert extension is not None
        x = x.contiguous(memory_format=torch.channels_last)
        return to_x, extension.weight_grad(x, grad, kernel).to(weight.dtype), None, None


def _fast(layer: nn.Conv2d, x: Tensor) -> Tensor:
    kind = torch.get_autocast_dtype("cpu")
    bias = None if layer.bias is None else layer.bias.to(kind)
    return _FastBackward.apply(x.to(kind), layer.weight.to(kind), bias, layer.stride[0])


def _on_cpu(layer: nn.Conv2d, x: Tensor) -> bool:
    return (
        layer.training
        and x.device.type == "cpu"
        and torch.is_autocast_enabled("cpu")
        and not torch.compiler.is_exporting()
    )


class Depthwise5x5(nn.Conv2d):
    """A depthwise 5x5 convolution without bias (channels in = out), faster to train."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, 5, padding=2, groups=channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        if _on_cpu(self, x) and _compiled() is not None:
            return _fast(self, x)
        return super().forward(x)


class FrozenDepthwise(nn.Conv2d):
    """A depthwise convolution with a bias (channels in = out, even sides), faster while frozen."""

    def __init__(self, channels: int, kernel: int, stride: int = 1) -> None:
        super().__init__(channels, channels, kernel, stride, kernel // 2, groups=channels)

    def forward(self, x: Tensor) -> Tensor:
        if _on_cpu(self, x) and not self.weight.requires_grad:
            return _fast(self, x)
        return super().forward(x)
