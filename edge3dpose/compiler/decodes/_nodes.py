"""Nodes of an ONNX graph, made one after the other, with names of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


class Nodes:
    """Collects nodes and constants; every method returns the name of the tensor it makes.

    opset  of the model that they become part of: some operators take their axes otherwise since 18
    """

    def __init__(self, opset: int, prefix: str = "decode") -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self._opset, self._prefix = opset, prefix

    def add(self, op: str, *inputs: str, name: str | None = None, **attributes: Any) -> str:
        """A node with one output."""
        made = name or f"{self._prefix}.{len(self.nodes)}.{op}"
        node = helper.make_node(op, list(inputs), [made], name=f"{made}.node", **attributes)
        self.nodes.append(node)
        return made

    def constant(self, value: ArrayLike, dtype: Any = np.float32) -> str:
        """An initializer."""
        name = f"{self._prefix}.c{len(self.constants)}"
        array: NDArray = np.asarray(value, dtype)
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def ints(self, *values: int) -> str:
        """A vector of whole numbers."""
        return self.constant(values, np.int64)

    def reshape(self, tensor: str, *shape: int) -> str:
        """0 keeps a length, -1 takes what is left."""
        return self.add("Reshape", tensor, self.ints(*shape))

    def cast(self, tensor: str, to: int = FLOAT) -> str:
        """The same numbers in another type."""
        return self.add("Cast", tensor, to=to)

    def slice(self, tensor: str, axis: int, start: int, end: int) -> str:
        """Entries from start up to end of an axis."""
        ends = self.ints(start), self.ints(end), self.ints(axis)
        return self.add("Slice", tensor, *ends)

    def take(self, tensor: str, axis: int, entries: list[int]) -> str:
        """These entries of an axis."""
        return self.add("Gather", tensor, self.ints(*entries), axis=axis)

    def sum(self, tensor: str, *axes: int, keep: bool = False) -> str:
        """Sum over axes."""
        return self.add("ReduceSum", tensor, self.ints(*axes), keepdims=int(keep))

    def max(self, tensor: str, *axes: int, keep: bool = False) -> str:
        """Largest over axes."""
        if self._opset >= 18:
            return self.add("ReduceMax", tensor, self.ints(*axes), keepdims=int(keep))
        return self.add("ReduceMax", tensor, axes=list(axes), keepdims=int(keep))

    def argmax(self, tensor: str, axis: int) -> str:
        """Index of the largest along an axis, which stays with length 1."""
        return self.add("ArgMax", tensor, axis=axis, keepdims=1)

    def scaled(self, tensor: str, by: float, plus: float = 0.0) -> str:
        """tensor * by + plus."""
        made = tensor if by == 1.0 else self.add("Mul", tensor, self.constant(by))
        return made if plus == 0.0 else self.add("Add", made, self.constant(plus))

    def clipped(self, tensor: str, low: float = 0.0, high: float = 1.0) -> str:
        """Within limits."""
        return self.add("Clip", tensor, self.constant(low), self.constant(high))

    def activated(self, tensor: str, activation: str) -> str:
        """With a sigmoid, or as it is."""
        return self.add("Sigmoid", tensor) if activation == "sigmoid" else tensor
