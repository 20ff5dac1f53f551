"""A model -> a model repository of Triton Inference Server: crop, network, lift, and all in one."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from onnx import ModelProto

from edge3dpose import manifest, storage
from edge3dpose.engine_types import EngineConfig, EngineRequest, ModelSpec
from edge3dpose.errors import BadInput
from edge3dpose.runtime.lift_features import JOINTS
from edge3dpose.runtime.lift_network import LAYERS, WIDTH
from edge3dpose.selection.defaults import resolve
from edge3dpose.selection.engine import ensure_built
from edge3dpose.serving import configs
from edge3dpose.serving.configs import Served, Tensor
from edge3dpose.serving.crop_graph import crop_graph
from edge3dpose.serving.lift_graph import lift_graph, verified_network
from edge3dpose.skeletons import H36M17
from edge3dpose.types import Progress

PLATFORMS = {"onnx": "onnxruntime", "openvino": "openvino", "tensorrt": "tensorrt"}
PRECISIONS = ("fp32", "fp16", "int8")
FILES = {"onnx": "model.onnx", "openvino": "model.xml", "tensorrt": "model.plan"}
CLIENT = Path(__file__).with_name("client.py")
STATE = (LAYERS, 1, WIDTH)


@dataclass(frozen=True)
class TritonRequest:
    """What is exported: the engine's backend is that of the platform."""

    model: str = "sspnet-lite"
    weights: Path | None = None
    cut: str = "auto"
    precision: str = "fp32"
    platform: str = "onnx"
    engines: Path | None = None  # folder of built engines


def export(request: TritonRequest, out: Path, progress: Progress | None = None) -> EngineConfig:
    """Write a model repository into a new folder, all of it or nothing; returns the engine in it.

    Raises BadInput where the folder is there already and not empty, or the model is none of ours.
    """
    _refuse_used(out)
    backend = PLATFORMS[request.platform]
    asked = EngineRequest(request.model, request.weights, request.cut, request.precision, backend)
    config = resolve(asked)
    _refuse_others(config.spec)
    _, content = manifest.read_verified(ensure_built(config, request.engines, progress))
    network, graphs = verified_network(), {}
    graphs["crop"] = crop_graph(config.spec)
    graphs["lift"] = lift_graph(config.spec, network)
    _write(out, lambda folder: _fill(folder, request.platform, config, graphs, content))
    return config


def _refuse_used(out: Path) -> None:
    try:
        used = os.path.lexists(out) and (not out.is_dir() or any(out.iterdir()))
    except (OSError, ValueError) as error:
        raise BadInput(f"cannot read {out}: {error}") from None
    if used:
        raise BadInput(f"{out} is there already and not empty; name a new folder")


def _refuse_others(spec: ModelSpec) -> None:
    if spec.crop is not None or spec.skeleton != H36M17:
        raise BadInput(
            f"{spec.name} is a model of a spec file: export-triton takes those of this package, "
            "whose crop and lift it knows"
        )


def _write(out: Path, fill: Callable[[Path], None]) -> None:
    """Make a folder whole beside its place, then move it there."""
    out = out.absolute()
    part = out.with_name(f".{out.name}.part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        fill(part)
        if out.is_dir():  # an empty one, else it was refused
            out.rmdir()
        part.rename(out)
    except OSError as error:
        raise BadInput(f"cannot write {out}: {error.strerror or error}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _fill(
    folder: Path,
    platform: str,
    config: EngineConfig,
    graphs: dict[str, ModelProto],
    engine: bytes,
) -> None:
    name = config.spec.name
    steps = served(config, platform)
    for model in (*steps, whole(config.spec)):
        (folder / model.name / "1").mkdir(parents=True)  # an ensemble's is empty
    for model in steps:
        storage.write_text(folder / model.name / "config.pbtxt", configs.config(model))
    crop, network, lift = steps
    names = {"units": config.spec.head(config.cut)}
    all_steps = [(crop, {}), (network, {}), (lift, names)]
    text = configs.ensemble(whole(config.spec), all_steps)
    storage.write_text(folder / name / "config.pbtxt", text)
    for model, graph in ((crop, graphs["crop"]), (lift, graphs["lift"])):
        content = graph.SerializeToString(deterministic=True)
        storage.write_bytes(folder / model.name / "1" / model.file, content)
    _write_network(folder / network.name / "1" / network.file, platform, engine)
    client = CLIENT.read_text(encoding="utf-8")
    default = 'MODEL = "sspnet-lite"'
    storage.write_text(folder / "client.py", client.replace(default, f'MODEL = "{name}"'))
    facts = {
        "schema": "edge3dpose.triton/1",
        "model": name,
        "weights_sha256": config.weights.sha256,
        "cut": config.cut,
        "precision": config.precision,
        "platform": platform,
        "joints": list(config.spec.skeleton.joints),
    }
    storage.write_text(folder / "edge3dpose.json", json.dumps(facts, indent=1) + "\n")


def served(config: EngineConfig, platform: str) -> tuple[Served, Served, Served]:
    """Crop, network and lift as they are served."""
    spec, S = config.spec, config.spec.input_size
    images = Tensor("images", (1, 3, S, S))
    from_crop, frame_px = Tensor("frame_from_crop", (2, 3)), Tensor("frame_px", (2,))
    units = spec.output_shape(1)
    asked, answered = _asked(), _answered()
    crop = Served(f"{spec.name}-crop", asked[:2], (images, from_crop, frame_px))
    network = Served(
        f"{spec.name}-cut{config.cut:02d}",
        (images,),
        (Tensor(spec.head(config.cut), units),),
        PLATFORMS[platform],
        FILES[platform],
    )
    given = (Tensor("units", units), from_crop, frame_px, *asked[2:])
    return crop, network, Served(f"{spec.name}-lift", given, answered)


def whole(spec: ModelSpec) -> Served:
    """The ensemble: a frame and what is remembered of a person in, its pose out."""
    return Served(spec.name, _asked(), _answered())


def _asked() -> tuple[Tensor, ...]:
    return (
        Tensor("frame", (-1, -1, 3), "TYPE_UINT8"),
        Tensor("roi", (4,)),
        Tensor("camera", (4,)),
        Tensor("assumed", (1,)),
        Tensor("step_s", (1,)),
        Tensor("state", STATE),
    )


def _answered() -> tuple[Tensor, ...]:
    return (
        Tensor("joints_mm", (JOINTS, 3)),
        Tensor("root_mm", (3,)),
        Tensor("std_mm", (JOINTS, 3)),
        Tensor("pixels", (JOINTS, 2)),
        Tensor("score", (JOINTS,)),
        Tensor("next_roi", (4,)),
        Tensor("next_state", STATE),
    )


def _write_network(file: Path, platform: str, engine: bytes) -> None:
    if platform != "openvino":
        storage.write_bytes(file, engine)
        return
    from edge3dpose.runtime.backends import openvino

    openvino.save_ir(engine, file)
