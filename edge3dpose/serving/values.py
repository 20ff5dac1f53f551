"""Arithmetic on tensors that writes the nodes of an ONNX graph: a + b is a node Add."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from onnx import ModelProto, TensorProto, helper, numpy_helper

OPSET, IR_VERSION = 20, 10  # those of the temporal lift
FLOAT, INT64, UINT8 = TensorProto.FLOAT, TensorProto.INT64, TensorProto.UINT8

Operand: TypeAlias = "Value | ArrayLike"
Shape: TypeAlias = Sequence["int | str"]


class Graph:
    """Nodes and constants of a graph that is being written."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self._made = 0

    def input(self, name: str, shape: Shape, kind: int = FLOAT) -> Value:
        """Declare an input."""
        self._inputs.append(helper.make_tensor_value_info(name, kind, list(shape)))
        return Value(self, name)

    def output(self, name: str, value: Value, shape: Shape) -> None:
        """Give a value, of FP32, out under a name."""
        self.nodes.append(helper.make_node("Identity", [value.name], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, FLOAT, list(shape)))

    def constant(self, value: ArrayLike, dtype: Any = np.float32) -> Value:
        """A constant tensor."""
        name = self.new_name()
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return Value(self, name)

    def op(self, kind: str, *inputs: Operand, **attributes: Any) -> Value:
        """A node with one output; numbers become FP32 constants."""
        name = self.new_name()
        names = [self.value(one).name for one in inputs]
        self.nodes.append(helper.make_node(kind, names, [name], **attributes))
        return Value(self, name)

    def value(self, operand: Operand) -> Value:
        """A value, or a constant of these numbers."""
        return operand if isinstance(operand, Value) else self.constant(operand)

    def concat(self, *parts: Operand, axis: int = 0) -> Value:
        """Parts one after the other along an axis."""
        return self.op("Concat", *parts, axis=axis)

    def ints(self, *values: int) -> Value:
        """A vector of whole numbers."""
        return self.constant(values, np.int64)

    def new_name(self) -> str:
        """A name that no other tensor has."""
        self._made += 1
        return f"{self.name}.{self._made}"

    def model(self) -> ModelProto:
        """The graph as a model."""
        made = helper.make_graph(self.nodes, self.name, self._inputs, self._outputs, self.constants)
        opset = [helper.make_opsetid("", OPSET)]
        return helper.make_model(
            made, opset_imports=opset, ir_version=IR_VERSION, producer_name="edge3dpose"
        )


class Value:
    """A tensor of a graph."""

    __array_ufunc__ = None  # an array leaves the arithmetic to us

    def __init__(self, graph: Graph, name: str) -> None:
        self.graph, self.name = graph, name

    def __add__(self, other: Operand) -> Value:
        return self.graph.op("Add", self, other)

    def __sub__(self, other: Operand) -> Value:
        return self.graph.op("Sub", self, other)

    def __rsub__(self, other: Operand) -> Value:
        return self.graph.op("Sub", other, self)

    def __mul__(self, other: Operand) -> Value:
        return self.graph.op("Mul", self, other)

    def __truediv__(self, other: Operand) -> Value:
        return self.graph.op("Div", self, other)

    def __rtruediv__(self, other: Operand) -> Value:
        return self.graph.op("Div", other, self)

    def __matmul__(self, other: Operand) -> Value:
        return self.graph.op("MatMul", self, other)

    def __neg__(self) -> Value:
        return self.graph.op("Neg", self)

    __radd__, __rmul__ = __add__, __mul__

    def at(self, *entries: int, axis: int = 0) -> Value:
        """These entries of an axis, which stays."""
        return self.graph.op("Gather", self, self.graph.ints(*entries), axis=axis)

    def part(self, start: int, end: int, axis: int = -1) -> Value:
        """Entries from start up to end of an axis."""
        g = self.graph
        return g.op("Slice", self, g.ints(start), g.ints(end), g.ints(axis))

    def shaped(self, *lengths: int) -> Value:
        """The same numbers in another shape."""
        return self.graph.op("Reshape", self, self.graph.ints(*lengths))

    def transposed(self, *order: int) -> Value:
        """The axes in another order."""
        return self.graph.op("Transpose", self, perm=list(order))

    def cast(self, kind: int) -> Value:
        """The same numbers in another type."""
        return self.graph.op("Cast", self, to=kind)

    def clipped(self, low: float, high: float) -> Value:
        """Within limits."""
        return self.at_least(low).at_most(high)

    def at_least(self, low: Operand) -> Value:
        """The larger one."""
        return self.graph.op("Max", self, low)

    def at_most(self, high: Operand) -> Value:
        """The smaller one."""
        return self.graph.op("Min", self, high)

    def mean(self, axis: int) -> Value:
        """Mean over an axis, which stays with length 1."""
        return self.graph.op("ReduceMean", self, self.graph.ints(axis), keepdims=1)

    def sum(self, axis: int) -> Value:
        """Sum over an axis, which stays with length 1."""
        return self.graph.op("ReduceSum", self, self.graph.ints(axis), keepdims=1)

    def root(self) -> Value:
        """Square root."""
        return self.graph.op("Sqrt", self)

    def apply(self, kind: str) -> Value:
        """An operator of one input: Cos, Exp, Floor ..."""
        return self.graph.op(kind, self)

    def is_at_least(self, other: Operand) -> Value:
        """1 where it is, else 0."""
        return self.graph.op("GreaterOrEqual", self, other).cast(FLOAT)

    def chosen(self, one: Operand, other: Operand) -> Value:
        """``one`` where this is above 0, else ``other``."""
        return self.graph.op("Where", self.graph.op("Greater", self, 0.0), one, other)
