"""A TensorRT plan -> Engine: what TensorRT and TensorRT for RTX have in common at run time."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import logging
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from edge3dpose import manifest, nvidia
from edge3dpose.errors import EngineMismatch, MissingDependency
from edge3dpose.manifest import Manifest
from edge3dpose.runtime.cuda import DeviceArray, Stream, open_stream
from edge3dpose.types import ModelSpec

PACKAGES = {"tensorrt": "tensorrt", "tensorrt-rtx": "tensorrt_rtx"}
EXTRAS = {"tensorrt": "tensorrt", "tensorrt-rtx": "rtx"}
WARM_UP = 2  # calls before capture: the first ones allocate

Context = Callable[[Any, Any], Any]  # (package, deserialised plan) -> execution context


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


def open_plan(
    path: Path, spec: ModelSpec, backend: str, *, context_of: Context, captures: bool
) -> PlanEngine:
    """Verify a plan and open it on the first device.

    captures  record copies and network into one CUDA graph; False where the package does it itself
    Raises MissingDependency without a driver, device or package; BadInput and EngineMismatch for
    a plan that is not what it should be.
    """
    stream = open_stream(EXTRAS[backend])  # first: without a device TensorRT may crash
    try:
        trt = package_of(backend)
        made = manifest.verify(path)
        manifest.check_fits(made, spec, backend, trt.__version__)
        _check_device(made)
        runtime, plan = _deserialised(trt, made)
        _check_tensors(trt, plan, made, spec)
        held = (runtime, plan, context_of(trt, plan))
        return PlanEngine(held, stream, made, spec, captures=captures)
    except BaseException:
        stream.close()
        raise


class PlanEngine:
    """One cut on a GPU, one person a call inside, with fixed buffers; not thread-safe.

    Called with a numpy array it gives numpy; called with anything that has
    __cuda_array_interface__ (pycuda, cupy, torch, numba) it gives a DeviceArray, which is valid
    until the next call and says which stream to wait for.
    """

    def __init__(
        self,
        held: tuple[Any, Any, Any],
        stream: Stream,
        made: Manifest,
        spec: ModelSpec,
        *,
        captures: bool,
    ) -> None:
        side, joints = spec.input_size, len(spec.skeleton.joints)
        self._held: tuple[Any, ...] = held  # runtime, plan, context: each needs the one before
        self._context, self._stream = held[-1], stream
        self._joints = joints
        self._images = stream.device_array((1, 3, side, side))
        self._poses = stream.device_array((1, joints, 4))
        self._host_images = stream.host_array((1, 3, side, side))
        self._host_poses = stream.host_array((1, joints, 4))
        self._context.set_tensor_address("images", self._images.pointer)
        self._context.set_tensor_address(spec.head(made.cut), self._poses.pointer)
        self._from_host: Callable[[], None] = self._host_round
        self._from_device: Callable[[], None] = self._network
        self._host_images[...] = 0
        for _ in range(WARM_UP):
            self._host_round()
        stream.synchronize()
        if captures:
            self._from_host = stream.captured(self._host_round)
            self._from_device = stream.captured(self._network)

    def __call__(self, images: Any) -> Any:
        """images (N, 3, S, S) -> (N, J, 4); on the device N is 1."""
        if hasattr(images, "__cuda_array_interface__"):
            return self._on_device(images)
        found = np.empty((len(images), self._joints, 4), np.float32)
        for n in range(len(images)):
            self._host_images[0] = images[n]
            self._from_host()
            self._stream.synchronize()
            found[n] = self._host_poses[0]
        return found

    def close(self) -> None:
        """Free the context, the plan and all memory; a second call does nothing."""
        self._context, self._held = None, ()
        self._host_images = self._host_poses = np.zeros(0, np.float32)
        self._stream.close()

    def _on_device(self, images: Any) -> DeviceArray:
        self._stream.take(images, self._images)
        self._from_device()
        return self._poses

    def _network(self) -> None:
        if not self._context.execute_async_v3(self._stream.handle):
            raise RuntimeError("TensorRT refused to run this plan")

    def _host_round(self) -> None:
        self._stream.upload(self._host_images, self._images)
        self._network()
        self._stream.download(self._poses, self._host_poses)


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
        spec.head(made.cut): ("OUTPUT", (1, len(spec.skeleton.joints), 4)),
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
