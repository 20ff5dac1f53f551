"""Ranges and real crops -> the layers that INT8 hurts most, to be left in floating point.

A few layers make most of the error: those whose channels differ much in magnitude, such as the
first depthwise convolution of a mobile encoder. Every cut counts, since an engine of each has to be
within the limits of INT8.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from onnx import ModelProto

from edge3dpose.compiler import graph as graphs
from edge3dpose.compiler import int8, parity
from edge3dpose.compiler.ranges import Ranges
from edge3dpose.compiler.tensors import open_tensor_reader
from edge3dpose.engine_types import ModelSpec, Weights
from edge3dpose.types import Array

TAIL_SHARE = 0.7  # of the limit of the 99th percentile: a build compares on other crops


@dataclass(frozen=True)
class Loss:
    """How far the INT8 network is from FP32 at the cut that suffers most."""

    head: str
    p50_mm: float
    p99_mm: float
    max_mm: float  # limit of the median

    @property
    def share(self) -> float:
        """The loss as a share of the limits; over 1 it is too much."""
        tail_mm = TAIL_SHARE * parity.TOLERANCES_MM["int8"][1]
        return max(self.p50_mm / self.max_mm, self.p99_mm / tail_mm)


@dataclass(frozen=True)
class Probe:
    """The model with every head, and its FP32 outputs on some crops."""

    model: ModelProto
    spec: ModelSpec
    images: Array
    wanted: dict[str, Array]
    max_mm: float

    def loss(self, ranges: Ranges, skip: frozenset[str]) -> Loss:
        """The loss of the worst cut when all layers but ``skip`` are INT8."""
        quantised = int8.quantise(self.model, ranges.tensors, skip=skip)
        return max(self._losses(_outputs(quantised, self.images)), key=lambda loss: loss.share)

    def _losses(self, found: dict[str, Array]) -> list[Loss]:
        return [self._loss(head, found[head], wanted) for head, wanted in self.wanted.items()]

    def _loss(self, head: str, found: Array, wanted: Array) -> Loss:
        mm = parity.distances_mm(found, wanted, self.spec)
        p50, p99 = (float(np.percentile(mm, q)) for q in (50, 99))
        return Loss(head, p50, p99, self.max_mm)


def skip_sensitive_layers(
    weights: Weights,
    ranges: Ranges,
    images: Array,
    *,
    max_mm: float,
    step: Callable[[float], object] = lambda share: None,
) -> tuple[Ranges, Loss]:
    """Leave layers in floating point, the most sensitive first, until every cut is near to FP32.

    images  (N, 3, S, S), a few crops of real people
    max_mm  median distance of a cut's joints that is near enough
    Returns the ranges with the layers to skip, and the loss with them.
    """
    model = graphs.of_weights(weights)
    probe = Probe(model, weights.spec, images, _outputs(model, images), max_mm)
    names = [layer.name for layer in int8.quantisable(model, skip=frozenset(ranges.skip))]
    skip, loss = list(ranges.skip), probe.loss(ranges, frozenset(ranges.skip))
    if loss.share > 1:
        alone = {}
        for n, name in enumerate(names):
            others = frozenset(other for other in names if other != name)
            alone[name] = probe.loss(ranges, others | frozenset(ranges.skip)).share
            step((n + 1) / len(names))
        for name in sorted(names, key=lambda name: -alone[name]):
            skip.append(name)
            loss = probe.loss(ranges, frozenset(skip))
            if loss.share <= 1:
                break
    return replace(ranges, skip=tuple(skip)), loss


def _outputs(model: ModelProto, images: Array) -> dict[str, Array]:
    read_tensors, heads = open_tensor_reader(model), [out.name for out in model.graph.output]
    rows = [read_tensors(images[n : n + 1]) for n in range(len(images))]
    return {head: np.concatenate([row[head] for row in rows]) for head in heads}
