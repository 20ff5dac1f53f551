"""The highest bin along each axis."""

from __future__ import annotations

from typing import cast

from edge3dpose.compiler.decodes import Joints, Outputs, wrong_shape
from edge3dpose.compiler.decodes._nodes import Nodes
from edge3dpose.models._decodes import Simcc
from edge3dpose.models._spec_file import SpecFile

MOST_BINS = 16384


def decode(nodes: Nodes, file: SpecFile, outputs: Outputs) -> Joints:
    """See models._decodes.Simcc."""
    options = cast(Simcc, file.decode)
    J = len(file.spec.skeleton.joints)

    def highest(key: str, name: str) -> tuple[str, str, int]:
        """The bin's number (N, J, 1), its height, and how many there are."""
        tensor, shape = outputs.find(key, name)
        if len(shape) != 3 or shape[:2] != (1, J) or not 2 <= shape[2] <= MOST_BINS:
            raise wrong_shape(key, shape, f"(1, {J}, bins) for {file.spec.skeleton.name}")
        bins = nodes.cast(tensor)
        if options.score == "softmax":
            bins = nodes.add("Softmax", bins, axis=2)
        bins = nodes.activated(bins, options.score)
        return nodes.cast(nodes.argmax(bins, 2)), nodes.max(bins, 2, keep=True), shape[2]

    (x, height_x, across), (y, height_y, down) = highest("x", options.x), highest("y", options.y)
    width, height = file.input.size
    z = None
    if options.z:
        depth, _, bins = highest("z", options.z)
        z = nodes.scaled(depth, 1 / bins)
    return Joints(  # bins count from the middle of a pixel, we from its corner
        x=nodes.scaled(x, width / across, 0.5),
        y=nodes.scaled(y, height / down, 0.5),
        score=nodes.clipped(nodes.add("Min", height_x, height_y)),
        z=z,
    )


DECODE = decode
