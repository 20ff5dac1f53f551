"""Maps of joints: which are there, and where their cells lie in the network's input."""

from __future__ import annotations

from edge3dpose.compiler.decodes import Outputs, wrong_shape
from edge3dpose.compiler.decodes._nodes import Nodes
from edge3dpose.models._decodes import Heatmap, SoftArgmax
from edge3dpose.models._spec_file import SpecFile

MOST_CELLS = 1 << 25  # of all maps of a person


def maps_of(
    nodes: Nodes, file: SpecFile, outputs: Outputs, options: Heatmap | SoftArgmax
) -> tuple[str, tuple[int, ...]]:
    """The maps in FP32 with channels first, and their shape without the batch."""
    tensor, shape = outputs.find("maps", options.maps)
    if len(shape) not in (4, 5) or shape[0] != 1 or 0 in shape:
        raise wrong_shape("maps", shape, "(1, maps, height, width)")
    if options.layout == "nhwc":
        order = [0, len(shape) - 1, *range(1, len(shape) - 1)]
        tensor, shape = nodes.add("Transpose", tensor, perm=order), tuple(shape[n] for n in order)
    total = 1
    for length in shape:
        total *= length
    if total > MOST_CELLS:
        raise wrong_shape("maps", shape, f"at most {MOST_CELLS} cells")
    return nodes.cast(tensor), shape[1:]


def pixels_of_cells(nodes: Nodes, cell: str, cells: str, count: int, size_px: int) -> str:
    """Number of a cell, with its fraction, -> pixels of the input.

    count    cells of the axis
    size_px  of the input along it
    """
    if cells == "stride":  # networks count from the middle of a pixel, we from its corner
        return nodes.scaled(cell, size_px / count, 0.5)
    if cells == "udp":
        return nodes.scaled(cell, (size_px - 1) / max(count - 1, 1), 0.5)
    if cells == "centres":
        return nodes.scaled(cell, size_px / count, 0.5 * size_px / count)
    return nodes.scaled(cell, size_px / max(count - 1, 1))
