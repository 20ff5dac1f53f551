"""An engine key -> the engine: cut out, quantised, built, compared with FP32, stored."""

from __future__ import annotations

import datetime
import hashlib
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from onnx import ModelProto

from edge3dpose import __version__, nvidia
from edge3dpose.compiler import cache, crops, fp16, graph, int8, parity, plan
from edge3dpose.compiler.cut import cut as cut_out
from edge3dpose.compiler.engine_key import EngineKey
from edge3dpose.compiler.engine_outputs import engine_outputs
from edge3dpose.compiler.parity import Reference
from edge3dpose.engine_types import ModelSpec, Weights
from edge3dpose.manifest import Manifest
from edge3dpose.types import Progress

PARITY_CROPS = 16


def build(
    key: EngineKey, engines: Path, *, force: bool = False, progress: Progress | None = None
) -> Manifest:
    """Build an engine, compare it with FP32 and store it in the cache.

    engines  folder of the cache
    force    also where another process has built it meanwhile
    Raises BadInput, MissingDependency, BuildFailed, AccuracyGateFailed; nothing is stored then.
    """
    file = engines / key.file_name
    with cache.lock(file):
        found = cache.find(engines, key)  # another process may have been first
        if found.made is not None and not force:
            return found.made
        with cache.build_folder(file) as folder:
            made = _build_in(folder / file.name, key, progress or (lambda what, share: None))
            return cache.publish(made, engines)


def graph_of(key: EngineKey) -> ModelProto:
    """The ONNX that the backend is given: cut, then INT8, then FP16 where the key says so."""
    config = key.config
    model = cut_out(_source(config.weights), config.spec, config.cut)
    if key.ranges:
        model = int8.quantise(
            model,
            key.ranges.tensors,
            skip=frozenset(key.ranges.skip),
            weight_bits=key.fields["flags"].get("weight_bits", 8),
        )
    if key.is_fp16:
        model = fp16.to_fp16(model)
    return model


def _build_in(engine: Path, key: EngineKey, progress: Progress) -> Manifest:
    wanted = _reference(key.config.weights, progress)
    start_s = time.monotonic()
    progress("cut", 0.0)
    model = graph_of(key)
    if key.is_fp16:
        fp16.refuse_overflow(model, wanted.peaks)
    content = model.SerializeToString(deterministic=True)
    graph_sha256 = hashlib.sha256(content).hexdigest()
    if key.is_plan:
        content = plan.build(
            content, key.config.backend, key.settings, lambda share: progress("build", share)
        )
    made = Manifest(
        engine=engine,
        key=key.digest,
        fields=key.fields,
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        model=_model_facts(key.config.spec),
        build={
            "seconds": round(time.monotonic() - start_s, 3),
            "created": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "edge3dpose": __version__,
            "graph_sha256": graph_sha256,
            "nodes": len(model.graph.node),
            "cuda_driver": nvidia.probe().cuda,
        },
        parity=None,
        calibration=key.ranges.summary() if key.ranges else None,
    )
    cache.write(made, content)
    progress("parity", 0.0)
    compared = _with_parity(made, key, model, wanted)
    cache.write(compared, content)
    return compared


def _with_parity(made: Manifest, key: EngineKey, model: ModelProto, wanted: Reference) -> Manifest:
    """The manifest with the deviation of the engine from FP32 on the reference's crops."""
    outputs, ran = engine_outputs(made, key, model, wanted.images)
    return replace(made, parity={**parity.check(outputs, wanted, key.config), **ran})


def _model_facts(spec: ModelSpec) -> dict[str, Any]:
    return {
        "input_size": spec.input_size,
        "skeleton": spec.skeleton.name,
        "joints": list(spec.skeleton.joints),
        "mean_rgb": list(spec.mean_rgb),
        "std_rgb": list(spec.std_rgb),
        "crop_side_mm": spec.crop_side_mm,
        "z_range_mm": spec.z_range_mm,
    }


_sources: dict[str, ModelProto] = {}  # weights hash -> the last one read: --cut all asks 24 times


def _source(weights: Weights) -> ModelProto:
    if weights.sha256 not in _sources:
        model = graph.of_weights(weights)
        _sources.clear()
        _sources[weights.sha256] = model
    return _sources[weights.sha256]


_references: dict[str, Reference] = {}  # weights hash -> the last one computed


def _reference(weights: Weights, progress: Progress) -> Reference:
    if weights.sha256 not in _references:
        _references.clear()
        images = crops.from_source(
            "sample", weights.spec, PARITY_CROPS, lambda share: progress("find people", share)
        )
        _references[weights.sha256] = parity.reference(
            weights, images, lambda share: progress("FP32 reference", share)
        )
    return _references[weights.sha256]
