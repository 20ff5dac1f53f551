"""OpenVINO on the CPU: an engine that is an ONNX file -> Engine."""

from __future__ import annotations

import functools
import io
import logging
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from edge3dpose import input_files, machine, manifest
from edge3dpose.engine_types import Engine, ModelSpec, Precision
from edge3dpose.errors import EngineMismatch, MissingDependency
from edge3dpose.manifest import Manifest
from edge3dpose.runtime.backends import Backend, _compiled_copies
from edge3dpose.types import Array

_log = logging.getLogger(__name__)

INSTALL = "pip install openvino"
STREAMS = 2  # people at once


class OpenVino(Backend):
    """OpenVINO on the CPU, for the least time a call."""

    name = "openvino"
    package = "openvino"
    install = INSTALL
    auto_rank = 10
    auto_reason = "no NVIDIA device that can be used; faster than onnxruntime on CPUs"
    precisions: tuple[Precision, ...] = ("fp32", "bf16", "fp16", "int8")
    supports_threads = True

    def version(self) -> str:
        """Full version of the package."""
        return _import().__version__

    def unsupported_reason(self, precision: str) -> str:
        """BF16 needs instructions of the CPU."""
        if precision != "bf16" or computes_bf16():
            return super().unsupported_reason(precision)
        return (
            "is not for this machine: this CPU does not compute in it (wanted AMX or AVX512-BF16); "
            "take fp32 or int8"
        )

    def auto_precision(self, *, shipped_weights: bool) -> tuple[Precision, str]:
        """BF16 where the CPU computes in it and the weights are known to work in it."""
        if not computes_bf16():
            return super().auto_precision(shipped_weights=shipped_weights)
        if not shipped_weights:
            return (
                "fp32",
                "exact; this CPU is quicker with --precision bf16, if these weights bear it",
            )
        return "bf16", "this CPU computes in it, much quicker than in fp32, which is exact"

    def int8_weight_bits(self) -> int:
        """7 on x86 without VNNI: there, OpenVINO cuts off sums of two products at 16 bits."""
        return 8 if machine.multiplies_int8_exactly() else 7

    def open_engine(self, path: Path, spec: ModelSpec, *, threads: int | None = None) -> Engine:
        """Open a verified ONNX file on the CPU.

        threads  None for OpenVINO's own choice
        """
        package = _import()
        made, content = manifest.read_verified(path)
        manifest.check_fits(made, spec, self.name)
        if made.precision == "bf16" and not computes_bf16():
            raise EngineMismatch(
                f"{path} is for CPUs that compute in BF16, which this one does not"
            )
        bf16 = made.precision == "bf16"
        try:
            model = compiled(content, bf16=bf16, threads=threads, copies=path.parent)
        except RuntimeError as error:
            raise EngineMismatch(
                f"OpenVINO {package.__version__} does not open {path}: {error}; "
                f"rebuild: {made.rebuild}"
            ) from error
        head = spec.head(made.cut)
        heads = [name for output in model.outputs for name in output.get_names()]
        if head not in heads:
            raise EngineMismatch(
                f"{path} has outputs {heads}, wanted {head}; rebuild: {made.rebuild}"
            )
        cores = threads or machine.usable_cores()
        in_pairs = partial(_compiled_again, made, bf16=bf16, threads=cores, streams=STREAMS)
        return OpenVinoEngine(model, head, spec, in_pairs if cores >= STREAMS else None)


class OpenVinoEngine(Engine):
    """One cut. Not thread-safe.

    One person gets all threads. Of several people two run at once on half of the threads each,
    which wastes less: that needs the network compiled a second time, in the background once there
    are several. Until then, and where it fails, they run one after the other, with the same
    outputs.

    in_pairs  compiles for that; None where there are no threads to share
    """

    def __init__(
        self, compiled: Any, head: str, spec: ModelSpec, in_pairs: Callable[[], Any] | None = None
    ) -> None:
        self._compiled = compiled
        self._request = compiled.create_infer_request()
        self._head, self._head_name = compiled.output(head), head
        self._spec, self._in_pairs = spec, in_pairs
        self._compiling: Future[list[Any]] | None = None
        self._requests: list[Any] = []

    def __call__(self, images: Array) -> Array:
        """images (N, 3, S, S) float32 -> (N, J, C), see ModelSpec, the caller's own."""
        found = np.empty(self._spec.output_shape(len(images)), np.float32)
        if len(images) > 1 and self._can_pair():
            return self._pairwise(images, found)
        for n in range(len(images)):
            self._request.infer({"images": images[n : n + 1]}, share_inputs=True)
            found[n] = self._request.get_tensor(self._head).data[0]
        return found

    def close(self) -> None:
        """Free the compiled model; a second call does nothing."""
        if self._compiling is not None:
            self._compiling.exception()
        self._compiled = self._request = self._head = self._compiling = None
        self._requests = []

    def _can_pair(self) -> bool:
        """Whether the second compiled network is there; the first call has it compiled."""
        if self._requests or self._in_pairs is None:
            return bool(self._requests)
        if self._compiling is None:
            pool = ThreadPoolExecutor(1, thread_name_prefix="compile")
            self._compiling = pool.submit(_requests_of, self._in_pairs)
            pool.shutdown(wait=False)
        if not self._compiling.done():
            return False
        if (error := self._compiling.exception()) is not None:
            _log.warning("people run one after the other, not two at once: %s", error)
            self._in_pairs = self._compiling = None
            return False
        self._requests = self._compiling.result()
        return True

    def _pairwise(self, images: Array, found: Array) -> Array:
        """Each request takes every second person."""
        for n in range(len(images) + STREAMS):
            request = self._requests[n % STREAMS]
            if n >= STREAMS:
                request.wait()
                found[n - STREAMS] = request.get_tensor(self._head_name).data[0]
            if n < len(images):
                request.start_async({"images": images[n : n + 1]}, share_inputs=True)
        return found


def _compiled_again(made: Manifest, **how: Any) -> Any:
    """The same engine compiled once more: read again, and verified again."""
    content = input_files.read_verified(made.engine, made.sha256, f"rebuild: {made.rebuild}")
    return compiled(content, copies=made.engine.parent, **how)


def _requests_of(compile_model: Callable[[], Any]) -> list[Any]:
    model = compile_model()
    return [model.create_infer_request() for _ in range(STREAMS)]


@functools.cache
def computes_bf16() -> bool:
    """Whether this CPU has instructions for BF16: AMX or AVX512-BF16."""
    return "BF16" in list(_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"))


def compiled(
    content: bytes,
    *,
    bf16: bool,
    threads: int | None = None,
    shapes: Mapping[str, Sequence[int]] | None = None,
    streams: int | None = None,
    copies: Path | None = None,
) -> Any:
    """A network compiled for the CPU and the least time a call; RuntimeError where it cannot be.

    content  of an ONNX file
    shapes   of inputs that are to be fixed, by name
    streams  so many calls at once, which share the threads; None for one with all of them
    copies   folder where what was compiled is kept, and found by the next start
    """
    config: dict[str, Any] = {
        # Without the hint OpenVINO silently computes in BF16 or FP16 where the CPU has them
        "INFERENCE_PRECISION_HINT": "bf16" if bf16 else "f32",
        "PERFORMANCE_HINT": "LATENCY",
        # a thread that is bound to a core waits for whatever else runs there: on a busy two-core
        # machine a call took 390 ms bound and 46 ms free (median)
        "ENABLE_CPU_PINNING": False,
    }
    if threads is not None:
        config["INFERENCE_NUM_THREADS"] = threads
    if streams is not None:
        config["NUM_STREAMS"] = streams
    if copies is None:
        return _compile(content, shapes, config)
    how = {"package": _import().__version__, "config": config, "shapes": dict(shapes or {})}
    how |= {"processor": machine.processor(), "instructions": machine.instruction_sets()}
    how |= {"cores": machine.usable_cores()}
    file = _compiled_copies.file_of(copies, content, how)
    if (kept := _compiled_copies.read(file)) is not None:
        try:
            return _core().import_model(io.BytesIO(kept), "CPU", config)
        except RuntimeError as error:
            _log.info("%s is compiled anew: %s", file, error)
    network = _compile(content, shapes, config)
    _compiled_copies.write(file, network.export_model().getvalue())
    return network


def _compile(
    content: bytes, shapes: Mapping[str, Sequence[int]] | None, config: Mapping[str, Any]
) -> Any:
    network = _core().read_model(io.BytesIO(content))
    if shapes is not None:
        network.reshape({name: list(shape) for name, shape in shapes.items()})
    return _core().compile_model(network, "CPU", dict(config))


@functools.cache
def _core() -> Any:
    """OpenVINO's own state, once a process."""
    return _import().Core()


_CONVERTER = "openvino.tools.ovc"  # of models of other frameworks: 8 MB, a tenth of a second


@contextmanager
def _without_converter() -> Iterator[None]:
    """OpenVINO leaves its converter out where it cannot be imported; later it can be."""
    absent = _CONVERTER not in sys.modules and "openvino" not in sys.modules
    if absent:
        sys.modules[_CONVERTER] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if absent:
            del sys.modules[_CONVERTER]


def _import() -> Any:
    try:
        with _without_converter():
            import openvino
    except ImportError as error:
        raise MissingDependency(f"OpenVINO is not here ({error}); install it: {INSTALL}") from error
    return openvino


def save_ir(content: bytes, file: Path) -> None:
    """Write an ONNX network as OpenVINO's own files: FILE.xml, and FILE.bin with its weights."""
    network = _core().read_model(io.BytesIO(content))
    _import().save_model(network, file, compress_to_fp16=False)


PLUGIN = OpenVino()
