"""The highest cell of a map, refined by its neighbours."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from edge3dpose.compiler.decodes import Joints, Outputs, wrong_shape
from edge3dpose.compiler.decodes._maps import maps_of, pixels_of_cells
from edge3dpose.compiler.decodes._nodes import Nodes
from edge3dpose.models._decodes import Heatmap
from edge3dpose.models._spec_file import SpecFile

_FARTHEST = 2.0  # cells that a refinement may move a joint


def decode(nodes: Nodes, file: SpecFile, outputs: Outputs) -> Joints:
    """See models._decodes.Heatmap."""
    options = cast(Heatmap, file.decode)
    maps, shape = maps_of(nodes, file, outputs, options)
    J = len(file.spec.skeleton.joints)
    if options.stage is not None:
        if len(shape) != 4 or not -shape[0] <= options.stage < shape[0]:
            raise wrong_shape("maps", shape, f"(stages, {J}, height, width) with that stage")
        maps = nodes.add("Gather", maps, nodes.constant(options.stage, np.int64), axis=1)
        shape = shape[1:]
    if len(shape) == 3 and options.channels:
        if not all(-shape[0] <= one < shape[0] for one in options.channels):
            raise wrong_shape("maps", shape, "the channels that are listed")
        maps = nodes.take(maps, 1, [one % shape[0] for one in options.channels])
        shape = (len(options.channels), *shape[1:])
    if len(shape) != 3 or shape[0] != J or min(shape[1:]) < 2:
        raise wrong_shape("maps", shape, f"({J}, height, width) for {file.spec.skeleton.name}")
    grid = _Grid(nodes, nodes.activated(maps, options.activation), shape)
    across, down = grid.refined(options)
    width, height = file.input.size
    cells = options.cells or ("udp" if options.refine == "udp" else "stride")
    return Joints(
        x=pixels_of_cells(nodes, across, cells, shape[2], width),
        y=pixels_of_cells(nodes, down, cells, shape[1], height),
        score=nodes.clipped(grid.peak),
    )


class _Grid:
    """Maps (N, J, h, w), and the highest cell of each; every tensor is (N, J, 1)."""

    def __init__(self, nodes: Nodes, maps: str, shape: tuple[int, ...]) -> None:
        self._nodes, self._maps = nodes, maps
        self._J, self._h, self._w = shape
        flat = nodes.reshape(maps, 0, self._J, self._h * self._w)
        at = nodes.argmax(flat, 2)
        self.peak = nodes.max(flat, 2, keep=True)
        width = nodes.ints(self._w)
        self._x, self._y = nodes.add("Mod", at, width), nodes.add("Div", at, width)
        self._flat = flat

    def refined(self, options: Heatmap) -> tuple[str, str]:
        """Across and down, with fractions of a cell."""
        n = self._nodes
        places = [n.cast(self._x), n.cast(self._y)]
        if options.refine == "none":
            return places[0], places[1]
        if options.refine == "quarter":
            shifts = [n.scaled(n.add("Sign", one), 0.25) for one in self._steps()]
            margin = (2, 1)
        else:
            shifts = list(self._newton(options))
            margin = (2, 2) if options.refine == "dark" else (0, 0)
        keep = self._inside(*margin)
        x, y = (
            n.add("Add", place, n.add("Mul", shift, keep))
            for place, shift in zip(places, shifts, strict=True)
        )
        return x, y

    def _steps(self) -> tuple[str, str]:
        """The higher neighbour's side, across and down."""
        n = self._nodes
        across = n.add("Sub", self._at(self._flat, 1, 0), self._at(self._flat, -1, 0))
        down = n.add("Sub", self._at(self._flat, 0, 1), self._at(self._flat, 0, -1))
        return across, down

    def _inside(self, low: int, high: int) -> str:
        """1 where the cell is so far from the border, else 0."""
        n = self._nodes
        made = None
        for place, count in ((self._x, self._w), (self._y, self._h)):
            near = n.add("Clip", place, n.constant(low, np.int64),
                         n.constant(max(count - 1 - high, low), np.int64))  # fmt: skip
            same = n.add("Equal", near, place)
            made = same if made is None else n.add("And", made, same)
        assert made is not None
        return n.cast(made)

    def _at(self, flat: str, across: int, down: int) -> str:
        """The cell so far from the highest one, or the border's."""
        n = self._nodes
        x, y = (
            n.add("Clip", n.add("Add", place, n.ints(step)) if step else place,
                  n.constant(0, np.int64), n.constant(count - 1, np.int64))
            for place, step, count in ((self._x, across, self._w), (self._y, down, self._h))
        )  # fmt: skip
        index = n.add("Add", n.add("Mul", y, n.ints(self._w)), x)
        return n.add("GatherElements", flat, index, axis=2)

    def _newton(self, options: Heatmap) -> tuple[str, str]:
        """One step of Newton's method on the logarithm of the blurred map."""
        n, udp = self._nodes, options.refine == "udp"
        across, down = (
            n.constant(_blur(count, options.kernel, reflect=udp)) for count in (self._w, self._h)
        )
        across = n.add("Transpose", across, perm=[1, 0])
        blurred = n.add("MatMul", down, n.add("MatMul", self._maps, across))
        low, high = (0.001, 50.0) if udp else (1e-10, 1e10)
        log = n.add("Log", n.clipped(blurred, low, high))
        flat = n.reshape(log, 0, self._J, self._h * self._w)

        def at(x: int, y: int) -> str:
            return self._at(flat, x, y)

        def mix(*parts: tuple[float, str]) -> str:
            """Sum of tensors, each times a number."""
            made = [n.scaled(one, by) for by, one in parts]
            total = made[0]
            for one in made[1:]:
                total = n.add("Add", total, one)
            return total

        dx = mix((0.5, at(1, 0)), (-0.5, at(-1, 0)))
        dy = mix((0.5, at(0, 1)), (-0.5, at(0, -1)))
        middle = at(0, 0)
        if udp:
            eps = float(np.finfo(np.float32).eps)
            dxx = n.scaled(mix((1, at(1, 0)), (-2, middle), (1, at(-1, 0))), 1.0, eps)
            dyy = n.scaled(mix((1, at(0, 1)), (-2, middle), (1, at(0, -1))), 1.0, eps)
            dxy = mix((0.5, at(1, 1)), (-0.5, at(1, 0)), (-0.5, at(0, 1)), (1, middle),
                      (-0.5, at(-1, 0)), (-0.5, at(0, -1)), (0.5, at(-1, -1)))  # fmt: skip
        else:
            dxx = mix((0.25, at(2, 0)), (-0.5, middle), (0.25, at(-2, 0)))
            dyy = mix((0.25, at(0, 2)), (-0.5, middle), (0.25, at(0, -2)))
            dxy = mix((0.25, at(1, 1)), (-0.25, at(1, -1)), (-0.25, at(-1, 1)), (0.25, at(-1, -1)))
        product = n.add("Mul", dxx, dyy)
        determinant = n.add("Sub", product, n.add("Mul", dxy, dxy))
        flat_top = n.add("Equal", determinant, n.constant(0.0))
        divisor = n.add("Where", flat_top, n.constant(1.0), determinant)
        rise_x = n.add("Sub", n.add("Mul", dxy, dy), n.add("Mul", dyy, dx))
        rise_y = n.add("Sub", n.add("Mul", dxy, dx), n.add("Mul", dxx, dy))
        shift_x, shift_y = (
            n.clipped(
                n.add("Where", flat_top, n.constant(0.0), n.add("Div", rise, divisor)),
                -_FARTHEST,
                _FARTHEST,
            )
            for rise in (rise_x, rise_y)
        )
        return shift_x, shift_y


def _blur(count: int, kernel: int, *, reflect: bool) -> NDArray[np.float32]:
    """(count, count): a Gaussian blur along an axis as a product; zeros or a mirror beyond."""
    sigma = 0.3 * ((kernel - 1) * 0.5 - 1) + 0.8
    steps = np.arange(kernel) - kernel // 2
    weights = np.exp(-(steps**2) / (2 * sigma**2))
    weights /= weights.sum()
    matrix = np.zeros((count, count), np.float32)
    for row in range(count):
        for step, weight in zip(steps, weights, strict=True):
            at = row + int(step)
            if reflect and count > 1:
                at = abs(at) % (2 * (count - 1))
                at = min(at, 2 * (count - 1) - at)
            if 0 <= at < count:
                matrix[row, at] += weight
    return matrix


DECODE = decode
