"""The crop as an ONNX graph: what runtime.preprocess does, for a server.

The frame is halved by averages, rounded after each as OpenCV does, then sampled with GridSample,
which reckons in other units: one value in ten thousand differs by a grey level.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from onnx import ModelProto

from edge3dpose.engine_types import ModelSpec
from edge3dpose.serving.values import FLOAT, INT64, UINT8, Graph, Value

MOST_HALVINGS = 6  # an ROI of 16,000 px for a crop of 256


@dataclass(frozen=True)
class _Square:
    matrix: Value  # (2, 3), frame from crop
    size: int
    block: Value


def crop_graph(spec: ModelSpec) -> ModelProto:
    """frame (H, W, 3) uint8 BGR and roi (4,): centre x, y, side, angle, -> the network's input.

    Outputs: images (1, 3, S, S); frame_from_crop (2, 3); frame_px (2,), width and height.
    """
    g, S = Graph("crop"), spec.input_size
    frame = g.input("frame", ["height", "width", 3], UINT8)
    roi = g.input("roi", [4])
    side = roi.part(2, 3)
    matrix = _frame_from_crop(g, roi, S)
    lengths = g.op("Shape", frame)  # H, W, 3
    block = _block(g, side / S)
    window, corner = _window(g, frame, lengths, _Square(matrix, S, block))
    small, counts = _blocks(g, window, block)
    centres = (np.arange(S) + 0.5).astype(np.float32)
    across, down = np.meshgrid(centres, centres)
    crop_px = np.stack([across.ravel(), down.ravel(), np.ones(S * S, np.float32)], axis=1)
    at_px = g.constant(crop_px) @ matrix.transposed(1, 0) - corner  # (S * S, 2)
    grid = at_px * (2.0 / (block.cast(FLOAT) * counts)) - 1.0
    sampled = g.op(
        "GridSample", small, grid.shaped(1, S, S, 2), mode="linear", padding_mode="zeros"
    )
    levels = sampled.apply("Round")
    gain = np.array([1 / (255.0 * std) for std in spec.std_rgb], np.float32).reshape(1, 3, 1, 1)
    shift = np.array([m / s for m, s in zip(spec.mean_rgb, spec.std_rgb, strict=True)], np.float32)
    g.output("images", levels * gain - shift.reshape(1, 3, 1, 1), [1, 3, S, S])
    g.output("frame_from_crop", matrix, [2, 3])
    g.output("frame_px", lengths.at(1, 0).cast(FLOAT), [2])
    return g.model()


def _frame_from_crop(g: Graph, roi: Value, size: int) -> Value:
    """(2, 3), see camera.frame_from_crop."""
    scale, angle = roi.part(2, 3) / size, roi.part(3, 4)
    cos, sin = scale * angle.apply("Cos"), scale * angle.apply("Sin")
    turn = g.concat(cos, -sin, sin, cos).shaped(2, 2)
    corner = roi.part(0, 2).shaped(2, 1) - turn @ np.full((2, 1), size / 2)
    return g.concat(turn, corner, axis=1)


def _block(g: Graph, ratio: Value) -> Value:
    """(1,) side of the blocks that are averaged: the largest power of 2 up to the ratio."""
    powers = 2.0 ** np.arange(1, MOST_HALVINGS + 1)
    more = ratio.is_at_least(powers) * (powers / 2)
    return (more.sum(0) + 1.0).cast(INT64)


def _window(g: Graph, frame: Value, lengths: Value, square: _Square) -> tuple[Value, Value]:
    """The part of the frame that a square needs, of whole blocks, and its corner (1, 2) px.

    It has a block of margin, and is one block at least.
    """
    S, block, one, zero = square.size, square.block, g.ints(1), g.ints(0)
    corners = g.constant([[0, 0, 1], [S, 0, 1], [0, S, 1], [S, S, 1]])
    reach = corners @ square.matrix.transposed(1, 0)  # (4, 2) x, y
    low = g.op("ReduceMin", reach, zero, keepdims=0).clipped(0.0, 1e6).cast(INT64)
    high = g.op("ReduceMax", reach, zero, keepdims=0).clipped(0.0, 1e6).cast(INT64)
    size = lengths.at(1, 0)  # W, H
    last = (size - one) / block  # number of the last block
    first = (low / block - one).at_least(zero).at_most(last)
    end = (high / block + g.ints(3)).at_most(last + one).at_least(first + one)
    start_px, end_px = first * block, (end * block).at_most(size)
    part = g.op("Slice", frame, start_px.at(1, 0), end_px.at(1, 0), g.ints(0, 1))
    return part, start_px.cast(FLOAT).shaped(1, 2)


def _blocks(g: Graph, frame: Value, block: Value) -> tuple[Value, Value]:
    """A picture as means of blocks (1, 3, rows, columns) RGB, and (columns, rows).

    The last blocks are filled up with black.
    """
    zero, one = g.ints(0), g.ints(1)
    size = g.op("Shape", frame, start=0, end=2)
    counts = (size + block - one) / block
    missing = counts * block - size
    full = g.op("Pad", frame, g.concat(g.ints(0, 0, 0), missing, zero), g.constant(0, np.uint8))
    levels = full.cast(FLOAT)
    for n in range(MOST_HALVINGS):  # a length of 1 leaves the picture as it is
        side = (block / g.ints(2**n)).at_most(g.ints(2)).at_least(one)
        levels = _halved(g, levels, side)
    planes = levels.at(2, 1, 0, axis=2).transposed(2, 0, 1)
    small = g.op("Unsqueeze", planes, zero)
    return small, counts.at(1, 0).cast(FLOAT)


def _halved(g: Graph, levels: Value, side: Value) -> Value:
    """Means of squares of a side, rounded as OpenCV does."""
    size = g.op("Shape", levels, start=0, end=2) / side
    rows, columns = size.at(0), size.at(1)
    tiles = g.op("Reshape", levels, g.concat(rows, side, columns, side, g.ints(3)))
    return (g.op("ReduceMean", tiles, g.ints(1, 3), keepdims=0) + 0.5).apply("Floor")
