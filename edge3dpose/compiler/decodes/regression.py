"""Coordinates as the network gives them."""

from __future__ import annotations

from math import prod
from typing import cast

from edge3dpose.compiler.decodes import Joints, Outputs, wrong_shape
from edge3dpose.compiler.decodes._nodes import Nodes
from edge3dpose.models._decodes import Regression
from edge3dpose.models._spec_file import SpecFile

_LOWEST = {"0..1": 0.0, "-1..1": -1.0, "-0.5..0.5": -0.5}


def decode(nodes: Nodes, file: SpecFile, outputs: Outputs) -> Joints:
    """See models._decodes.Regression."""
    options = cast(Regression, file.decode)
    J, columns = len(file.spec.skeleton.joints), options.columns
    tensor, shape = outputs.find("points", options.points)
    if not shape or shape[0] != 1 or prod(shape) != J * len(columns):
        raise wrong_shape("points", shape, f"(1, {J} * {len(columns)}) for {', '.join(columns)}")
    rows = nodes.reshape(nodes.cast(tensor), -1, J, len(columns))

    def column(name: str) -> str:
        at = columns.index(name)  # type: ignore[arg-type]
        return nodes.slice(rows, 2, at, at + 1)

    def pixels(name: str, size_px: int) -> str:
        if options.units == "px":
            return column(name)
        low = _LOWEST[options.units]
        scale = size_px / (1.0 - low if low != -0.5 else 1.0)
        return nodes.scaled(column(name), scale, -low * scale)

    width, height = file.input.size
    return Joints(
        x=pixels("x", width),
        y=pixels("y", height),
        score=nodes.clipped(
            nodes.activated(_score(nodes, file, outputs, rows), options.activation)
        ),
        z=_depth(nodes, file, column("z")) if "z" in columns else None,
    )


def _score(nodes: Nodes, file: SpecFile, outputs: Outputs, rows: str) -> str:
    options = cast(Regression, file.decode)
    J, columns = len(file.spec.skeleton.joints), options.columns
    if options.score:
        tensor, shape = outputs.find("score", options.score)
        if not shape or shape[0] != 1 or prod(shape) != J:
            raise wrong_shape("score", shape, f"(1, {J})")
        return nodes.reshape(nodes.cast(tensor), -1, J, 1)
    at = columns.index("score") if "score" in columns else 0
    found = nodes.slice(rows, 2, at, at + 1)
    if "score" in columns:
        return found
    return nodes.scaled(nodes.scaled(found, 0.0), 1.0, 1.0)  # no score: as sure of all


def _depth(nodes: Nodes, file: SpecFile, z: str) -> str:
    """z from the root, in the units of x, -> 0..1 over what the square crop spans."""
    options = cast(Regression, file.decode)
    width, side = file.input.size[0], file.spec.input_size
    of_width = {"px": 1.0 / width, "-1..1": 0.5}.get(options.units, 1.0)
    return nodes.scaled(z, of_width * width / side, 0.5)


DECODE = decode
