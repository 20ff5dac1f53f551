"""A TensorRT plan -> Engine: what TensorRT and TensorRT for RTX have in common at run time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge3dpose import manifest, nvidia
from edge3dpose.engine_types import ModelSpec
from edge3dpose.errors import EngineMismatch
from edge3dpose.manifest import Manifest
from edge3dpose.runtime.backends._execution_buffers import ExecutionBuffers, crop_code
from edge3dpose.runtime.backends._plan_backend import PlanBackend
from edge3dpose.runtime.backends._plan_engine import PlanEngine
from edge3dpose.runtime.cuda import open_stream


def open_plans(
    files: Mapping[int, Path], spec: ModelSpec, backend: PlanBackend
) -> dict[int, PlanEngine]:
    """Verify plans and open them on the first device, by cut.

    They share buffers, and where there are several, one piece of memory for their activations.
    Raises MissingDependency without a driver, device or package; BadInput and EngineMismatch for
    a plan that is not what it should be.
    """
    stream = open_stream(backend.install)  # first: without a device TensorRT may crash
    opened: dict[int, PlanEngine] = {}
    try:
        trt = backend.bindings()
        buffers = ExecutionBuffers(stream, spec, crop_code())
        loaded = {cut: _loaded(trt, file, spec, backend) for cut, file in files.items()}
        contexts = _contexts(backend, [plan for _, _, plan in loaded.values()], buffers)
        for (cut, (made, runtime, plan)), context in zip(loaded.items(), contexts, strict=True):
            held = (runtime, plan, context)
            opened[cut] = PlanEngine(held, buffers, spec.head(made.cut), captures=backend.captures)
    except BaseException:
        for engine in opened.values():
            engine.close()
        stream.close()
        raise
    return opened


def _loaded(
    trt: Any, file: Path, spec: ModelSpec, backend: PlanBackend
) -> tuple[Manifest, Any, Any]:
    """An engine file's manifest, a runtime and the plan in the file, all checked."""
    made, blob = manifest.read_verified(file)
    manifest.check_fits(made, spec, backend.name, trt.__version__)
    if made.engine.suffix != manifest.PLAN_SUFFIX:
        raise EngineMismatch(f"{made.engine} is not a plan ({manifest.PLAN_SUFFIX})")
    _check_device(made)
    runtime, plan = _deserialised(trt, blob, made, backend)
    _check_tensors(trt, plan, made, spec)
    return made, runtime, plan


def _contexts(backend: PlanBackend, plans: list[Any], buffers: ExecutionBuffers) -> list[Any]:
    """An execution context a plan; several of them use the same memory in turn."""
    trt = backend.bindings()
    if len(plans) == 1:
        return [backend.context(trt, plans[0], trt.ExecutionContextAllocationStrategy.STATIC)]
    size = max(plan.device_memory_size_v2 for plan in plans)
    arena, made = buffers.arena(size), []
    for plan in plans:
        context = backend.context(trt, plan, trt.ExecutionContextAllocationStrategy.USER_MANAGED)
        context.set_device_memory(arena, size)
        made.append(context)
    return made


def _check_device(made: Manifest) -> None:
    """A plan of full TensorRT runs on the very device model that built it."""
    wanted = made.fields.get("device", {})
    here = nvidia.probe().devices[0]
    if wanted.get("compute_capability") in (None, "rtx"):
        return
    if (wanted["name"], wanted["compute_capability"]) != (here.name, here.compute_capability):
        raise EngineMismatch(
            f"{made.engine} was built for {wanted['name']} ({wanted['compute_capability']}), this "
            f"is {here.name} ({here.compute_capability}); rebuild: {made.rebuild}"
        )


def _deserialised(trt: Any, blob: bytes, made: Manifest, backend: PlanBackend) -> tuple[Any, Any]:
    log = backend.logger()
    log.words.clear()
    runtime = trt.Runtime(log)
    plan = runtime.deserialize_cuda_engine(blob)
    if plan is None:
        words = " ".join(log.words) or "it gives no reason"
        raise EngineMismatch(
            f"{trt.__name__} {trt.__version__} does not open {made.engine}: {words}; "
            f"rebuild: {made.rebuild}"
        )
    return runtime, plan


def _check_tensors(trt: Any, plan: Any, made: Manifest, spec: ModelSpec) -> None:
    side = spec.input_size
    wanted = {
        "images": ("INPUT", (1, 3, side, side)),
        spec.head(made.cut): ("OUTPUT", spec.output_shape(1)),
    }
    names = [plan.get_tensor_name(i) for i in range(plan.num_io_tensors)]
    found = {
        name: (plan.get_tensor_mode(name).name, tuple(plan.get_tensor_shape(name)))
        for name in names
        if plan.get_tensor_dtype(name) == trt.DataType.FLOAT
    }
    if found != wanted or len(names) != len(wanted):
        raise EngineMismatch(
            f"{made.engine} has float tensors {found}, wanted {wanted}; rebuild: {made.rebuild}"
        )
