"""config.pbtxt of Triton Inference Server, as text: one model, or an ensemble of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Dims = Sequence[int]


@dataclass(frozen=True)
class Tensor:
    """An input or output; -1 is a length that differs from call to call."""

    name: str
    dims: Dims
    kind: str = "TYPE_FP32"


@dataclass(frozen=True)
class Served:
    """A model of the repository.

    backend  of the server: onnxruntime, openvino, tensorrt
    file     name of the model's file
    """

    name: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    backend: str = "onnxruntime"
    file: str = "model.onnx"


def config(model: Served) -> str:
    """The config of a model."""
    return "\n".join(
        [
            f'name: "{model.name}"',
            f'backend: "{model.backend}"',
            f'default_model_filename: "{model.file}"',
            "max_batch_size: 0  # shapes are given whole",
            *_tensors(model),
            "",
        ]
    )


def ensemble(model: Served, steps: Sequence[tuple[Served, Mapping[str, str]]]) -> str:
    """The config of an ensemble.

    steps  each model with the ensemble's names of its tensors; those that it does not name keep
           their own
    """
    lines = [f'name: "{model.name}"', 'platform: "ensemble"', "max_batch_size: 0", *_tensors(model)]
    lines += ["ensemble_scheduling {"]
    for step, names in steps:
        lines += ["  step {", f'    model_name: "{step.name}"', "    model_version: -1"]
        for what, tensors in (("input_map", step.inputs), ("output_map", step.outputs)):
            for tensor in tensors:
                inner = names.get(tensor.name, tensor.name)
                lines.append(f'    {what} {{ key: "{tensor.name}" value: "{inner}" }}')
        lines.append("  }")
    return "\n".join([*lines, "}", ""])


def _tensors(model: Served) -> list[str]:
    lines = []
    for what, tensors in (("input", model.inputs), ("output", model.outputs)):
        for one in tensors:
            dims = ", ".join(map(str, one.dims))
            lines.append(f'{what} {{ name: "{one.name}" data_type: {one.kind} dims: [{dims}] }}')
    return lines
