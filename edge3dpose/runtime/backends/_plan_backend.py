"""What TensorRT and TensorRT for RTX have in common as backends; nothing heavy is imported here."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import logging
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge3dpose import nvidia
from edge3dpose.engine_types import Engine, ModelSpec
from edge3dpose.errors import MissingDependency
from edge3dpose.runtime.backends import GpuBackend


class PlanBackend(GpuBackend):
    """A backend whose engines are TensorRT plans."""

    is_plan = True
    captures: bool = True  # record crop, network and copies into a CUDA graph; False where the
    # package captures the network itself

    def bindings(self) -> Any:
        """The package, imported; MissingDependency says how to install it."""
        try:
            return importlib.import_module(self.package)
        except ImportError as error:
            raise MissingDependency(
                f"{self.package} is not here ({error}); install it: {self.install}"
            ) from error

    def logger(self) -> Any:
        """The package's logger, one a process; ``words`` holds its last errors."""
        return _logger_of(self.package)

    def context(self, trt: Any, plan: Any, strategy: Any) -> Any:
        """An execution context of a deserialised plan.

        trt       the package
        strategy  one of its ExecutionContextAllocationStrategy
        """
        raise NotImplementedError

    def version(self) -> str:
        """Full version of the package; MissingDependency where it cannot be imported."""
        return self.bindings().__version__

    def problem(self) -> str:
        """Why it cannot run here: no device or no package."""
        return nvidia.probe().problem or super().problem()

    def open_engine(self, path: Path, spec: ModelSpec, *, threads: int | None = None) -> Engine:
        """Open a verified plan; MissingDependency in one line without driver, device or package."""
        return self.open_engines({0: path}, spec)[0]

    def open_engines(
        self, paths: Mapping[int, Path], spec: ModelSpec, *, threads: int | None = None
    ) -> dict[int, Engine]:
        """Open several cuts of a model, which share buffers and the memory of their activations."""
        from edge3dpose.runtime.backends._plan import open_plans

        return {**open_plans(paths, spec, self)}


@functools.cache
def _logger_of(module: str) -> Any:
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
