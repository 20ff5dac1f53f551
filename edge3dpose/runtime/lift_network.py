"""The temporal lift's network: verified, then run one frame at a time on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np

from edge3dpose import models, onnx_bytes, paths
from edge3dpose.errors import EngineMismatch, MissingDependency
from edge3dpose.runtime.lift_features import ANSWERS, FEATURES
from edge3dpose.types import Array

NAME = "temporal-lift"
LAYERS, WIDTH = 2, 256

# (N, FEATURES) and a state (LAYERS, N, WIDTH) -> (N, ANSWERS) and the next state
Step: TypeAlias = Callable[[Array, Array], tuple[Array, Array]]


def first_state(people: int) -> Array:
    """The state of people of whom nothing is known yet."""
    return np.zeros((LAYERS, people, WIDTH), np.float32)


def open_lift(file: Path | None = None, *, backend: str = "onnxruntime") -> Step:
    """Open the shipped lift, or a file of the user's own with its card beside it.

    backend  of the pose network: OpenVINO runs the lift too where it runs that, ONNX Runtime
             elsewhere. Only one of the packages is then in memory
    Raises EngineMismatch where the file is damaged or another model's.
    """
    content = verified(file or paths.weights_file(NAME))
    opened = _in_openvino if backend == "openvino" else _in_onnxruntime
    step = opened(content)
    step(np.zeros((1, FEATURES), np.float32), first_state(1))  # the first call prepares more
    return step


def verified(file: Path) -> bytes:
    """The bytes of a lift that agrees with its card; EngineMismatch for any other."""
    if not file.is_file():
        raise EngineMismatch(f"{file} is missing; reinstall edge3dpose, or pass --lift none")
    card = models.read_card(file)
    if card.get("model") != NAME:
        raise EngineMismatch(f"{file} is not the {NAME} of its card; reinstall edge3dpose")
    if (card.get("features"), card.get("answers")) != (FEATURES, ANSWERS):
        raise EngineMismatch(f"{file} is of another version of edge3dpose; install it again")
    return onnx_bytes.read(file, card["sha256"], "reinstall edge3dpose")


def _in_openvino(content: bytes) -> Step:
    """Compiled for one person, and called for each.

    For any number of people a call takes twice as long; compiled anew for a new number, the frame
    in which somebody comes would wait for a tenth of a second.
    """
    from edge3dpose.runtime.backends import openvino

    shapes = {"features": (1, FEATURES), "state": (LAYERS, 1, WIDTH)}
    copies = paths.engines_folder()
    compiled = openvino.compiled(content, bf16=False, threads=1, shapes=shapes, copies=copies)
    request = compiled.create_infer_request()

    def step(features: Array, state: Array) -> tuple[Array, Array]:
        answer, after = np.empty((len(features), ANSWERS), np.float32), np.empty_like(state)
        for n in range(len(features)):
            one = np.ascontiguousarray(state[:, n : n + 1])
            request.infer({"features": features[n : n + 1], "state": one}, share_inputs=True)
            answer[n] = request.get_tensor("answer").data[0]
            after[:, n] = request.get_tensor("next_state").data[:, 0]
        return answer, after

    return step


def _in_onnxruntime(content: bytes) -> Step:
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingDependency(
            f"the temporal lift needs ONNX Runtime ({error}); pip install onnxruntime, "
            "or pass --lift none"
        ) from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])

    def step(features: Array, state: Array) -> tuple[Array, Array]:
        answer, after = session.run(
            ["answer", "next_state"], {"features": features, "state": state}
        )
        return answer, after

    return step
