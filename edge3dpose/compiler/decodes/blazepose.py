"""MediaPipe's landmarks."""

from __future__ import annotations

from typing import cast

from edge3dpose.compiler.decodes import Joints, Outputs, wrong_shape
from edge3dpose.compiler.decodes._nodes import Nodes
from edge3dpose.models._decodes import Blazepose
from edge3dpose.models._spec_file import SpecFile

COLUMNS = 5  # x, y, z px, visibility, presence; the last two before a sigmoid


def decode(nodes: Nodes, file: SpecFile, outputs: Outputs) -> Joints:
    """See models._decodes.Blazepose. Landmarks after those of the skeleton are helpers."""
    options = cast(Blazepose, file.decode)
    J = len(file.spec.skeleton.joints)
    tensor, shape = outputs.find("points", options.points)
    if len(shape) != 2 or shape[0] != 1 or shape[1] % COLUMNS or shape[1] < COLUMNS * J:
        raise wrong_shape("points", shape, f"(1, {COLUMNS} * {J} or more)")
    rows = nodes.reshape(nodes.cast(tensor), -1, shape[1] // COLUMNS, COLUMNS)
    rows = nodes.slice(rows, 1, 0, J)
    x, y, z, visible = (nodes.slice(rows, 2, n, n + 1) for n in range(4))
    score = nodes.add("Sigmoid", visible)
    if options.flag:
        flag, flag_shape = outputs.find("flag", options.flag)
        if flag_shape not in ((1, 1), (1,), (1, 1, 1, 1)):
            raise wrong_shape("flag", flag_shape, "(1, 1)")
        score = nodes.add("Mul", score, nodes.reshape(nodes.cast(flag), -1, 1, 1))
    if options.world:
        z = _depth_px(nodes, outputs.find("world", options.world), J, (x, y))
    return Joints(
        x=x, y=y, score=nodes.clipped(score), z=nodes.scaled(z, 1 / file.spec.input_size, 0.5)
    )


def _depth_px(
    nodes: Nodes, world: tuple[str, tuple[int, ...]], joints: int, places: tuple[str, str]
) -> str:
    """Depths in metres -> in px of the input: as the person is as wide and high in both."""
    tensor, shape = world
    if len(shape) != 2 or shape[0] != 1 or shape[1] % 3 or shape[1] < 3 * joints:
        raise wrong_shape("world", shape, f"(1, 3 * {joints} or more)")
    rows = nodes.slice(nodes.reshape(nodes.cast(tensor), -1, shape[1] // 3, 3), 1, 0, joints)
    x, y, z = (nodes.slice(rows, 2, n, n + 1) for n in range(3))
    size_px, size_m = _spread(nodes, places, joints), _spread(nodes, (x, y), joints)
    return nodes.add("Mul", z, nodes.add("Div", size_px, nodes.scaled(size_m, 1.0, 1e-3)))


def _spread(nodes: Nodes, places: tuple[str, str], joints: int) -> str:
    """(N, 1, 1): how far the joints lie from their middle, in the picture."""
    total = None
    for place in places:
        middle = nodes.scaled(nodes.sum(place, 1, keep=True), 1 / joints)
        off = nodes.add("Sub", place, middle)
        square = nodes.sum(nodes.add("Mul", off, off), 1, keep=True)
        total = square if total is None else nodes.add("Add", total, square)
    assert total is not None
    return nodes.add("Sqrt", total)


DECODE = decode
