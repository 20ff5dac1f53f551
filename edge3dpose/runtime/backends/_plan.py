"""A TensorRT plan -> Engine: what TensorRT and TensorRT for RTX have in common at run time."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import logging
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edge3dpose import manifest, nvidia
from edge3dpose.errors import EngineMismatch, MissingDependency
from edge3dpose.manifest import Manifest
from edge3dpose.runtime.backends._execution_buffers import ExecutionBuffers, crop_code
from edge3dpose.runtime.backends._plan_engine import PlanEngine
from edge3dpose.runtime.cuda import open_stream
from edge3dpose.types import ModelSpec

PACKAGES = {"tensorrt": "tensorrt", "tensorrt-rtx": "tensorrt_rtx"}
EXTRAS = {"tensorrt": "tensorrt", "tensorrt-rtx": "rtx"}

Context = Callable[[Any, Any, Any], Any]  # (package, deserialised plan, strategy) -> context


def package_of(backend: str) -> Any:
    """The bindings of a backend; MissingDependency names the extra."""
    try:
        return importlib.import_module(PACKAGES[backend])
    except ImportError as error:
        raise MissingDependency(
            f"{PACKAGES[backend]} is not here ({error}); "
            f"install it: pip install 'edge3dpose[{EXTRAS[backend]}]'"
        ) from error


def problem(backend: str) -> str:
    """Why a backend cannot run here; empty where it can, as far as is known without loading it."""
    if why := nvidia.probe().problem:
        return why
    found = importlib.util.find_spec(PACKAGES[backend])
    return "" if found else f"{PACKAGES[backend]} is not installed"


def open_plans(
    files: Mapping[int, Path], spec: ModelSpec, backend: str, *, context_of: Context, captures: bool
) -> dict[int, PlanEngine]:
    """Verify plans and open them on the first device, cut by cut, with shared buffers.

    They share buffers, and where there are several, one piece of memory for their activations.
    captures  record crop, network and copies into one CUDA graph; False where the package does it
    Raises MissingDependency without a driver, device or package; BadInput and EngineMismatch for
    a plan that is not what it should be.
    """
    stream = open_stream(EXTRAS[backend])  # first: without a device TensorRT may crash
    opened: dict[int, PlanEngine] = {}
    try:
        trt = package_of(backend)
        buffers = ExecutionBuffers(stream, spec, crop_code())
        loaded = {cut: _loaded(trt, file, spec, backend) for cut, file in files.items()}
        contexts = _contexts(trt, [plan for _, _, plan in loaded.values()], buffers, context_of)
        for (cut, (made, runtime, plan)), context in zip(loaded.items(), contexts, strict=True):
            held = (runtime, plan, context)
            opened[cut] = PlanEngine(held, buffers, spec.head(made.cut), captures=captures)
    except BaseException:
        for engine in opened.values():
            engine.close()
        stream.close()
        raise
    return opened


def _loaded(trt: Any, file: Path, spec: ModelSpec, backend: str) -> tuple[Manifest, Any, Any]:
    """What a file promises, a runtime and the plan in it, all checked."""
    made = manifest.verify(file)
    manifest.check_fits(made, spec, backend, trt.__version__)
    _check_device(made)
    runtime, plan = _deserialised(trt, made)
    _check_tensors(trt, plan, made, spec)
    return made, runtime, plan


def _contexts(
    trt: Any, plans: list[Any], buffers: ExecutionBuffers, context_of: Context
) -> list[Any]:
    """An execution context a plan; several of them use the same memory in turn."""
    if len(plans) == 1:
        return [context_of(trt, plans[0], trt.ExecutionContextAllocationStrategy.STATIC)]
    size = max(plan.device_memory_size_v2 for plan in plans)
    arena, made = buffers.arena(size), []
    for plan in plans:
        context = context_of(trt, plan, trt.ExecutionContextAllocationStrategy.USER_MANAGED)
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


def _deserialised(trt: Any, made: Manifest) -> tuple[Any, Any]:
    log = logger_of(trt.__name__)
    log.words.clear()
    blob = made.engine.read_bytes()
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


@functools.cache
def logger_of(module: str) -> Any:
    """The one logger a process may have for a package; keeps the last errors for our own text."""
    trt = importlib.import_module(module)
    forward = logging.getLogger(__name__)
    bad = (trt.ILogger.Severity.INTERNAL_ERROR, trt.ILogger.Severity.ERROR)

    class Log(trt.ILogger):  # type: ignore[name-defined, misc]
        def __init__(self) -> None:
            super().__init__()
            self.words: deque[str] = deque(maxlen=5)

        def log(self, severity: Any, message: str) -> None:
            if severity in bad:
                self.words.append(message)
            forward.debug("%s %s", severity, message)

    return Log()
