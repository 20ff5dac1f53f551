"""Decodes: outputs of a network -> joints, as nodes of its graph. Each file declares ``DECODE``.

A decode is a function (nodes, spec file, outputs) -> Joints. Its options, and what they mean, are
those of the class of the same name in models._decodes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from edge3dpose import plugins
from edge3dpose.compiler.decodes._nodes import Nodes
from edge3dpose.errors import BadInput
from edge3dpose.models._spec_file import SpecFile

FOLDER = "compiler.decodes"


@dataclass(frozen=True, slots=True)
class Joints:
    """Tensors (N, J, 1) of the joints.

    x, y   pixels of the network's input, (0, 0) its corner
    score  0..1
    z      0..1, 0.5 the root's depth; None of a 2D network
    """

    x: str
    y: str
    score: str
    z: str | None = None


@dataclass(frozen=True, slots=True)
class Outputs:
    """The outputs of a network by name: the tensor of each, and its shape for one picture."""

    tensors: Mapping[str, str]
    shapes: Mapping[str, tuple[int, ...]]

    def find(self, key: str, name: str) -> tuple[str, tuple[int, ...]]:
        """Tensor and shape of an output; an empty name is the only one. BadInput for none.

        key  of the spec file, which names it
        """
        if not name and len(self.tensors) == 1:
            name = next(iter(self.tensors))
        if name not in self.tensors:
            names = ", ".join(f"{n} {list(s)}" for n, s in list(self.shapes.items())[:8])
            raise BadInput(f"output.{key} is {name!r:.40}, which is no output; there is: {names}")
        return self.tensors[name], self.shapes[name]


Decode = Callable[[Nodes, SpecFile, Outputs], Joints]


def find(name: str) -> Decode:
    """A decode by its name."""
    found: Any = plugins.declared(FOLDER, name, "DECODE")
    return found


def wrong_shape(key: str, shape: tuple[int, ...], wanted: str) -> BadInput:
    """The error of an output of another shape."""
    return BadInput(f"output.{key} has shape {list(shape)}, wanted {wanted}")
