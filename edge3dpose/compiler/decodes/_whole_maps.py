"""The maps of a bottom-up network as one output: joints, then fields or tags, (1, maps, cells)."""

from __future__ import annotations

from edge3dpose.compiler.decodes import Outputs, wrong_shape
from edge3dpose.compiler.decodes._nodes import Nodes
from edge3dpose.errors import BadInput
from edge3dpose.models._decodes import Paf, Tags
from edge3dpose.models._spec_file import SpecFile


def whole_maps(nodes: Nodes, file: SpecFile, outputs: Outputs) -> str:
    """The tensor with all that people are made of; BadInput where the outputs do not fit."""
    options, rule = file.decode, file.spec.maps
    assert rule is not None
    joints = len(file.spec.skeleton.joints)
    if isinstance(options, Paf):
        second = ("paf", options.paf, options.paf_from, 2 * len(rule.limbs))
        heat = _part(nodes, outputs, ("heat", options.heat, options.heat_from, joints), rule.size)
    else:
        assert isinstance(options, Tags)
        second = ("tags", options.tags, options.tags_from, joints)
        heat = _part(nodes, outputs, ("heat", options.heat, options.heat_from, joints), rule.size)
        heat = nodes.activated(heat, options.activation)
    return nodes.add(
        "Concat", heat, _part(nodes, outputs, second, rule.size), name=file.spec.head(1), axis=1
    )


def _part(
    nodes: Nodes, outputs: Outputs, wanted: tuple[str, str, int, int], size: tuple[int, int]
) -> str:
    """These channels of an output, (1, channels, cells), in FP32."""
    key, name, start, count = wanted
    tensor, shape = outputs.find(key, name)
    width, height = size
    if len(shape) != 4 or shape[0] != 1 or shape[2:] != (height, width):
        raise wrong_shape(key, shape, f"(1, maps, {height}, {width}), by the input and its stride")
    if start + count > shape[1]:
        raise BadInput(f"output.{key} has {shape[1]} maps, wanted {start} to {start + count}")
    part = nodes.slice(nodes.cast(tensor), 1, start, start + count)
    return nodes.reshape(part, 1, count, width * height)
