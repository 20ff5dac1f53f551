"""Ranges and real crops -> the layers that INT8 hurts most, to be left in floating point.

A few layers make most of the error: those whose channels differ much in magnitude, such as the
first depthwise convolution of a mobile encoder.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from onnx import ModelProto

from edge3dpose.compiler import graph as graphs
from edge3dpose.compiler import int8, parity
from edge3dpose.compiler.cut import cut
from edge3dpose.compiler.ranges import Ranges
from edge3dpose.compiler.watch import open_watcher
from edge3dpose.types import Array, ModelSpec, Weights


@dataclass(frozen=True)
class Probe:
    """One cut in FP32, and what it says of some crops."""

    model: ModelProto
    head: str
    spec: ModelSpec
    images: Array
    wanted: Array

    def error_mm(self, ranges: Ranges, skip: frozenset[str]) -> float:
        """Median distance of the joints when all but ``skip`` is INT8."""
        quantised = int8.quantise(self.model, ranges.tensors, skip=skip)
        found = _said(quantised, self.head, self.images)
        return float(np.median(parity.distances_mm(found, self.wanted, self.spec)))


def with_skip(
    weights: Weights,
    ranges: Ranges,
    images: Array,
    *,
    within_mm: float,
    progress: Callable[[float], None],
) -> tuple[Ranges, float]:
    """Leave layers out, the most sensitive first, until the rest is near enough to FP32.

    images     (N, 3, S, S), a few crops of real people
    within_mm  median distance of the joints that is near enough, at the cut in the middle
    gives      the ranges with the layers to skip, and the median that is left
    """
    probe = _probe(weights, images)
    names = [layer.name for layer in int8.quantisable(probe.model, skip=frozenset(ranges.skip))]
    skip, error_mm = list(ranges.skip), probe.error_mm(ranges, frozenset(ranges.skip))
    if error_mm > within_mm:
        alone = {}
        for n, name in enumerate(names):
            others = frozenset(other for other in names if other != name)
            alone[name] = probe.error_mm(ranges, others | frozenset(ranges.skip))
            progress((n + 1) / len(names))
        for name in sorted(names, key=lambda name: -alone[name]):
            skip.append(name)
            error_mm = probe.error_mm(ranges, frozenset(skip))
            if error_mm <= within_mm:
                break
    return replace(ranges, skip=tuple(skip)), error_mm


def _probe(weights: Weights, images: Array) -> Probe:
    k = weights.spec.cuts // 2
    model, head = cut(graphs.load(weights.onnx), weights.spec, k), weights.spec.head(k)
    return Probe(model, head, weights.spec, images, _said(model, head, images))


def _said(model: ModelProto, head: str, images: Array) -> Array:
    watch = open_watcher(model)
    return np.concatenate([watch(images[n : n + 1])[head] for n in range(len(images))])
