"""Ranges and real crops -> the layers that INT8 hurts most, to be left in floating point.

A few layers make most of the error: those whose channels differ much in magnitude, such as the
first depthwise convolution of a mobile encoder. Every cut counts, for an engine of any of them has
to pass the gate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from onnx import ModelProto

from edge3dpose.compiler import graph as graphs
from edge3dpose.compiler import int8, parity
from edge3dpose.compiler.ranges import Ranges
from edge3dpose.compiler.watch import open_watcher
from edge3dpose.types import Array, ModelSpec, Weights

TAIL_SHARE = 0.7  # of the gate's 99 % that is used up here: its crops are others


@dataclass(frozen=True)
class Loss:
    """How far the INT8 network is from FP32 at the cut that suffers most."""

    head: str
    p50_mm: float
    p99_mm: float
    within_mm: float  # what the median is to be

    @property
    def share(self) -> float:
        """Of what is allowed; over 1 it is too much."""
        tail_mm = TAIL_SHARE * parity.TOLERANCES_MM["int8"][1]
        return max(self.p50_mm / self.within_mm, self.p99_mm / tail_mm)


@dataclass(frozen=True)
class Probe:
    """The model with every head, and what it says of some crops in FP32."""

    model: ModelProto
    spec: ModelSpec
    images: Array
    wanted: dict[str, Array]
    within_mm: float

    def loss(self, ranges: Ranges, skip: frozenset[str]) -> Loss:
        """What the worst cut loses when all but ``skip`` is INT8."""
        quantised = int8.quantise(self.model, ranges.tensors, skip=skip)
        return max(self._losses(_said(quantised, self.images)), key=lambda loss: loss.share)

    def _losses(self, found: dict[str, Array]) -> list[Loss]:
        return [self._loss(head, found[head], wanted) for head, wanted in self.wanted.items()]

    def _loss(self, head: str, found: Array, wanted: Array) -> Loss:
        mm = parity.distances_mm(found, wanted, self.spec)
        p50, p99 = (float(np.percentile(mm, q)) for q in (50, 99))
        return Loss(head, p50, p99, self.within_mm)


def with_skip(
    weights: Weights,
    ranges: Ranges,
    images: Array,
    *,
    within_mm: float,
    progress: Callable[[float], None],
) -> tuple[Ranges, Loss]:
    """Leave layers out, the most sensitive first, until every cut is near enough to FP32.

    images     (N, 3, S, S), a few crops of real people
    within_mm  median distance of a cut's joints that is near enough
    gives      the ranges with the layers to skip, and what is lost with them
    """
    model = graphs.load(weights.onnx)
    probe = Probe(model, weights.spec, images, _said(model, images), within_mm)
    names = [layer.name for layer in int8.quantisable(model, skip=frozenset(ranges.skip))]
    skip, loss = list(ranges.skip), probe.loss(ranges, frozenset(ranges.skip))
    if loss.share > 1:
        alone = {}
        for n, name in enumerate(names):
            others = frozenset(other for other in names if other != name)
            alone[name] = probe.loss(ranges, others | frozenset(ranges.skip)).share
            progress((n + 1) / len(names))
        for name in sorted(names, key=lambda name: -alone[name]):
            skip.append(name)
            loss = probe.loss(ranges, frozenset(skip))
            if loss.share <= 1:
                break
    return replace(ranges, skip=tuple(skip)), loss


def _said(model: ModelProto, images: Array) -> dict[str, Array]:
    watch, heads = open_watcher(model), [out.name for out in model.graph.output]
    rows = [watch(images[n : n + 1]) for n in range(len(images))]
    return {head: np.concatenate([row[head] for row in rows]) for head in heads}
