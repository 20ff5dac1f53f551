"""The mean place of a map, by its shares; of a volume, in depth too."""

from __future__ import annotations

from typing import cast

import numpy as np

from edge3dpose.compiler.decodes import Joints, Outputs, wrong_shape
from edge3dpose.compiler.decodes._maps import maps_of, pixels_of_cells
from edge3dpose.compiler.decodes._nodes import Nodes
from edge3dpose.models._decodes import SoftArgmax
from edge3dpose.models._spec_file import SpecFile


def decode(nodes: Nodes, file: SpecFile, outputs: Outputs) -> Joints:
    """See models._decodes.SoftArgmax."""
    options = cast(SoftArgmax, file.decode)
    maps, shape = maps_of(nodes, file, outputs, options)
    J, bins = len(file.spec.skeleton.joints), options.depth or 1
    fits = shape[:-2] in ((J * bins,), (J, bins))
    if not fits or min(shape[-2:]) < 2:
        depth = f" * {bins}" if options.depth else ""
        raise wrong_shape("maps", shape, f"({J}{depth}, height, width)")
    height, width = shape[-2:]
    cells = bins * height * width
    flat = nodes.reshape(maps, 0, J, cells)
    if options.share == "softmax":
        share = nodes.add("Softmax", nodes.scaled(flat, options.beta), axis=2)
    else:
        positive = nodes.add("Sigmoid" if options.share == "sigmoid" else "Relu", flat)
        total = nodes.scaled(nodes.sum(positive, 2, keep=True), 1.0, 1e-9)
        share = nodes.add("Div", positive, total)
    rows = nodes.sum(nodes.reshape(share, 0, J, bins, height * width), 2)  # (N, J, h * w)
    plane = nodes.reshape(rows, 0, J, height, width)
    x, y = (
        _mean(nodes, nodes.sum(plane, axis), count) for axis, count in ((2, width), (3, height))
    )
    z = None
    if options.depth:
        along = nodes.sum(nodes.reshape(share, 0, J, bins, height * width), 3)
        z = nodes.scaled(_mean(nodes, along, bins), 1 / bins)
    return Joints(
        x=pixels_of_cells(nodes, x, options.cells, width, file.input.size[0]),
        y=pixels_of_cells(nodes, y, options.cells, height, file.input.size[1]),
        score=nodes.clipped(_densest(nodes, plane, (J, height, width))),
        z=z,
    )


def _mean(nodes: Nodes, shares: str, count: int) -> str:
    """(N, J, count) -> (N, J, 1) mean index. Products and sums: a BF16 engine rounds a MatMul."""
    weighted = nodes.add("Mul", shares, nodes.constant(np.arange(count)))
    return nodes.sum(weighted, 2, keep=True)


def _densest(nodes: Nodes, plane: str, shape: tuple[int, int, int]) -> str:
    """The largest share of four cells together, as in our own models."""
    J, height, width = shape
    rows = nodes.add("Add", nodes.slice(plane, 2, 0, height - 1), nodes.slice(plane, 2, 1, height))
    four = nodes.add("Add", nodes.slice(rows, 3, 0, width - 1), nodes.slice(rows, 3, 1, width))
    return nodes.max(nodes.reshape(four, 0, J, (height - 1) * (width - 1)), 2, keep=True)


DECODE = decode
