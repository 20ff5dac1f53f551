"""ONNX bytes -> TensorRT plan: one adapter for TensorRT 10.3 to 11.x and TensorRT for RTX.

Precision is in the graph (strongly typed), so nothing here names one.
tests/compiler/test_plan_names.py checks every name against the real bindings of each version.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from edge3dpose.compiler.interrupt import Interrupt
from edge3dpose.errors import BadInput, BuildFailed
from edge3dpose.runtime import backends
from edge3dpose.runtime.backends._plan_backend import PlanBackend

Progress = Callable[[float], None]  # share of the build that is done, 0..1


@dataclass(frozen=True, slots=True)
class Settings:
    """What a plan is built with besides its graph; part of the engine's key."""

    workspace_mib: int = 1024
    optimization_level: int = 3  # 0..5; TensorRT for RTX gives the same bytes for each


def build(
    onnx_bytes: bytes,
    backend: str,
    settings: Settings = Settings(),
    progress: Progress | None = None,
) -> bytes:
    """Build a plan of a static, strongly typed ONNX model.

    progress  called from the builder's threads
    Raises BuildFailed with the builder's own words, KeyboardInterrupt on Ctrl-C, which ends the
    build at its next step.
    """
    found = _plan_backend(backend)
    found.device()  # nothing of full TensorRT may be made without a device
    trt, log = found.bindings(), found.logger()
    log.words.clear()
    builder = trt.Builder(log)
    flags = 1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED)
    network = builder.create_network(flags)
    parser = trt.OnnxParser(network, log)
    if not parser.parse(onnx_bytes):
        faults = "; ".join(parser.get_error(i).desc() for i in range(parser.num_errors))
        raise BuildFailed(f"{backend} {trt.__version__} does not take this graph: {faults}")
    with Interrupt() as interrupt:
        config = builder.create_builder_config()
        config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, settings.workspace_mib << 20)
        config.builder_optimization_level = settings.optimization_level
        config.profiling_verbosity = trt.ProfilingVerbosity.DETAILED
        monitor = _monitor(trt, progress, interrupt)  # must outlive the build
        config.progress_monitor = monitor
        blob = builder.build_serialized_network(network, config)
    if blob is None:
        words = " ".join(log.words) or "it gives no reason"
        raise BuildFailed(f"{backend} {trt.__version__} could not build this engine: {words}")
    return bytes(blob)


def _plan_backend(name: str) -> PlanBackend:
    backend = backends.find(name)
    if not isinstance(backend, PlanBackend):
        raise BadInput(f"{name} opens ONNX files; plans are for TensorRT")
    return backend


def options(settings: Settings) -> dict[str, int]:
    """The settings as the engine's key holds them."""
    return asdict(settings)


def _monitor(trt: Any, progress: Progress | None, interrupt: Interrupt) -> Any:
    """The builder's nested phases as one share; a step after Ctrl-C ends the build."""

    class Monitor(trt.IProgressMonitor):
        def __init__(self) -> None:
            super().__init__()
            self.phases: dict[str, tuple[str | None, int, int]] = {}  # parent, steps, done
            self.furthest = 0.0

        def phase_start(self, name: str, parent: str | None, steps: int) -> None:
            self.phases[name] = (parent, steps, 0)

        def step_complete(self, name: str, step: int) -> bool:
            parent, steps, _ = self.phases[name]
            self.phases[name] = (parent, steps, step + 1)
            self.furthest = max(self.furthest, self.share(None))
            if progress:
                progress(self.furthest)
            return not interrupt.asked

        def phase_finish(self, name: str) -> None:
            self.phases.pop(name, None)

        def share(self, parent: str | None) -> float:
            inside = [
                (done + self.share(name)) / max(steps, 1)
                for name, (above, steps, done) in list(self.phases.items())
                if above == parent
            ]
            return min(1.0, max(inside, default=0.0))

    return Monitor()
