"""Weights, cut, precision, backend -> an engine in the cache, built only where it must be."""

from __future__ import annotations

import datetime
import functools
import hashlib
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from onnx import ModelProto

from edge3dpose import __version__, manifest, nvidia
from edge3dpose.compiler import cache, crops, fp16, graph, int8, parity, plan, trial
from edge3dpose.compiler.cut import cut as cut_out
from edge3dpose.compiler.order import Order, key_fields, place_order
from edge3dpose.compiler.parity import Reference
from edge3dpose.manifest import Manifest
from edge3dpose.types import ModelSpec, Precision, Progress, Weights

PARITY_CROPS = 16


def ensure_engine(
    weights: Weights,
    cut: int,
    precision: Precision,
    backend: str,
    *,
    engines: Path,
    force: bool = False,
    progress: Progress | None = None,
    calibration: Path | None = None,
) -> Path:
    """The engine of a cut, found in the cache or built now.

    engines      folder of the cache
    calibration  file of INT8 ranges; None for the usual places
    Raises BadInput, MissingDependency, BuildFailed, AccuracyGateFailed; nothing is stored then.
    """
    asked = place_order(weights, cut, precision, backend, calibration=calibration)
    return make(asked, engines, force, progress or (lambda what, share: None))


def make(order: Order, engines: Path, force: bool, progress: Progress) -> Path:
    """Build what is ordered unless the cache has it; ``force`` builds in any case."""
    fields = key_fields(order)
    found = cache.look_up(engines, fields)
    if found.hit and not force:
        return found.engine
    with cache.lock(found.engine):
        if not force and cache.look_up(engines, fields).hit:  # another process was first
            return found.engine
        with cache.workshop(found.engine) as workshop:
            made = _build_in(workshop / found.engine.name, order, fields, progress)
            return cache.publish(made, engines)


def graph_of(order: Order) -> ModelProto:
    """The ONNX that the backend is given: cut, then INT8, then FP16 where the backend is a GPU."""
    model = cut_out(
        _source(order.weights.onnx, order.weights.sha256), order.weights.spec, order.cut
    )
    if order.ranges:
        model = int8.quantise(model, order.ranges.tensors, skip=frozenset(order.ranges.skip))
    if order.is_half:
        model = fp16.to_fp16(model)
    return model


def _build_in(engine: Path, order: Order, fields: dict[str, Any], progress: Progress) -> Manifest:
    wanted = _reference(order.weights, progress)
    start_s = time.monotonic()
    progress("cut", 0.0)
    model = graph_of(order)
    if order.is_half:
        fp16.refuse_overflow(model, wanted.peaks)
    content = model.SerializeToString(deterministic=True)
    graph_sha256 = hashlib.sha256(content).hexdigest()
    if order.is_plan:
        content = plan.build(
            content, order.backend, order.settings, lambda share: progress("build", share)
        )
    made = Manifest(
        engine=engine,
        key=manifest.digest(fields),
        fields=fields,
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        model=_model_facts(order.weights.spec),
        build={
            "seconds": round(time.monotonic() - start_s, 3),
            "created": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "edge3dpose": __version__,
            "graph_sha256": graph_sha256,
            "nodes": len(model.graph.node),
            "cuda_driver": nvidia.probe().cuda,
        },
        parity=None,
        calibration=order.ranges.summary() if order.ranges else None,
    )
    cache.write(made, content)
    progress("parity", 0.0)
    compared = _with_parity(made, order, model, wanted)
    cache.write(compared, content)
    return compared


def _with_parity(made: Manifest, order: Order, model: ModelProto, wanted: Reference) -> Manifest:
    """Run the engine on the reference's crops; a plan without its GPU as the graph it came from."""
    spec = order.weights.spec
    outputs, ran = trial.run(made, order, model, wanted.images)
    figures = parity.check(
        outputs, wanted, spec, cut=order.cut, precision=order.precision, what=order.text
    )
    return replace(made, parity={**figures, **ran})


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


@functools.lru_cache(maxsize=1)  # of the weights at hand: --cut all asks 24 times
def _source(onnx: Path, sha256: str) -> ModelProto:
    return graph.load(onnx)


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
