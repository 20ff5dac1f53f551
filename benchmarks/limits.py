"""Limits of a device, measured; what a network needs of it; and which share of them it reaches."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from onnx import ModelProto

from edge3dpose.compiler import graph as graphs
from edge3dpose.compiler import inspect

TRIES = 15


@dataclass(frozen=True, slots=True)
class Limits:
    """The best of several runs of a large matrix product and of a large copy."""

    tflops: float  # 10^12 multiplications and additions a second
    gb_s: float  # 10^9 bytes read and written a second


@dataclass(frozen=True, slots=True)
class Work:
    """What one call must compute and move, at batch 1."""

    gflop: float  # convolutions: two a multiply-accumulate
    least_mb: float  # weights, image and poses once: no engine moves less
    layers_mb: float  # each convolution's input, weights and output once; other layers fused


def better(a: Limits, b: Limits) -> Limits:
    """The best of two measurements: other load can only lower a limit."""
    return Limits(max(a.tflops, b.tflops), max(a.gb_s, b.gb_s))


def of_device(device: str, dtype: torch.dtype) -> Limits:
    """Measure a device with torch; TF32 stays off, so FP32 is FP32."""
    side, octets = (8192, 1 << 30) if device == "cuda" else (1024, 1 << 26)
    a, b = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    source = torch.empty(octets, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    product_s = _best_s(lambda: torch.mm(a, b), device)
    copy_s = _best_s(lambda: target.copy_(source), device)
    return Limits(2 * side**3 / product_s / 1e12, 2 * octets / copy_s / 1e9)


def work_of(model: ModelProto, head: str, *, half: bool) -> Work:
    """Count a cut; FP16 moves half as many bytes."""
    one = ModelProto.FromString(model.SerializeToString())
    one.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    shapes = graphs.shapes(one)
    width = 2 if half else 4

    def octets(names: list[str]) -> int:
        return sum(width * int(np.prod(shapes[name])) for name in names)

    layers = [node for node in one.graph.node if node.op_type in graphs.LAYERS]
    weights = {name for node in layers for name in node.input[1:]}
    ends = [one.graph.input[0].name, head]
    return Work(
        gflop=2 * inspect.costs(model)[head].macs / 1e9,
        least_mb=octets([*weights, *ends]) / 1e6,
        layers_mb=sum(octets([*node.input, *node.output]) for node in layers) / 1e6,
    )


def shares(work: Work, limits: Limits, seconds: float) -> dict[str, float]:
    """The share of each limit that a call of so many seconds reached."""
    return {
        "arithmetic": round(work.gflop / 1e3 / seconds / limits.tflops, 4),
        "bandwidth_least": round(work.least_mb / 1e3 / seconds / limits.gb_s, 4),
        "bandwidth_layers": round(work.layers_mb / 1e3 / seconds / limits.gb_s, 4),
    }


def _best_s(work: Callable[[], object], device: str) -> float:
    seconds = []
    for _ in range(TRIES):
        start = time.perf_counter()
        work()
        if device == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return min(seconds)
