"""Backends: what runs engines. Each file declares ``PLUGIN``, an object of a ``Backend`` class.

``names()`` are the choices of --backend in the order in which auto tries them, ``find(name)`` gives
one. Importing a backend loads none of its packages.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Mapping
from pathlib import Path

from edge3dpose import nvidia, plugins
from edge3dpose.engine_types import Engine, ModelSpec, Precision
from edge3dpose.errors import MissingDependency

FOLDER = "runtime.backends"


class Backend:
    """One backend: base class with the defaults of a CPU backend that opens ONNX files."""

    name: str = ""  # as users type it
    package: str = ""  # the Python package that it imports
    install: str = ""  # the command that installs the package
    auto_rank: int | None = None  # auto takes the lowest that runs here; None: never
    auto_reason: str = ""  # why auto takes it, where every backend of a lower rank cannot run
    no_build_reason: str = ""  # why no engines are built for it; empty where they are
    is_gpu: bool = False
    is_plan: bool = False  # its engines are TensorRT plans (.engine), not ONNX files
    builds_for_other_devices: bool = False  # it builds engines that this machine may not run
    device_name: str = "cpu"  # part of an engine's key
    precisions: tuple[Precision, ...] = ("fp32", "fp16", "int8")  # of the engines there can be
    tuned_precisions: tuple[Precision, ...] = ("fp32", "bf16", "int8")  # that tune measures
    supports_threads: bool = False  # the number of threads can be chosen

    def version(self) -> str:
        """Full version of the package; MissingDependency where it cannot be imported."""
        raise NotImplementedError

    def problem(self) -> str:
        """Why the backend cannot run here; empty where it can, as far as is known without trying.

        Does not import the package.
        """
        found = importlib.util.find_spec(self.package)
        return "" if found else f"{self.package} is not installed"

    def unsupported_reason(self, precision: str) -> str:
        """Why there can be no engine of that precision here; empty where there can.

        It follows "--precision PRECISION " in an error message.
        """
        if precision in self.precisions:
            return ""
        others = [one.name for one in find_all() if precision in one.precisions]
        whose = f"is for {_listed(others, 'and')}" if others else f"is not for {self.name}"
        return f"{whose}; take {_listed(self.precisions)}"

    def auto_precision(self, *, shipped_weights: bool) -> tuple[Precision, str]:
        """The fastest precision that needs no calibration, and why.

        shipped_weights  the weights are the package's own, which are known to work in BF16
        """
        return "fp32", "exact, and the CPU needs no calibration for it"

    def int8_weight_bits(self) -> int:
        """Bits of the weights in INT8 that this machine multiplies without an overflow: 8 or 7."""
        return 8

    def why_auto(self) -> str:
        """Why auto takes it on this machine."""
        return self.auto_reason

    def device(self) -> dict[str, str]:
        """The device that an engine built now is for: part of the engine's key."""
        return {"name": self.device_name}

    def open_engine(self, path: Path, spec: ModelSpec, *, threads: int | None = None) -> Engine:
        """Verify an engine file and open it.

        threads  where they are supported; None for the backend's own choice
        Raises BadInput or EngineMismatch for a file that is not what it should be (see
        manifest.verify), MissingDependency where a package, driver or device is missing.
        """
        raise NotImplementedError

    def open_engines(
        self, paths: Mapping[int, Path], spec: ModelSpec, *, threads: int | None = None
    ) -> dict[int, Engine]:
        """Open several cuts of a model, by cut; where one fails, those before are closed."""
        opened: dict[int, Engine] = {}
        try:
            for cut, path in paths.items():
                opened[cut] = self.open_engine(path, spec, threads=threads)
        except BaseException:
            for engine in opened.values():
                engine.close()
            raise
        return opened


class GpuBackend(Backend):
    """The defaults of a backend on an NVIDIA GPU."""

    is_gpu = True
    device_name = "cuda"
    tuned_precisions: tuple[Precision, ...] = ("fp16", "int8")

    def why_auto(self) -> str:
        """The device and the package are here."""
        return f"{nvidia.probe().devices[0].name} and {self.package} for it are here"

    def auto_precision(self, *, shipped_weights: bool) -> tuple[Precision, str]:
        """FP16."""
        return "fp16", "a GPU's own speed, the head stays in FP32"


def find(name: str) -> Backend:
    """A backend by name; BadInput with the ones there are."""
    return plugins.find(FOLDER, name, Backend)


def find_all() -> list[Backend]:
    """All backends, in the order in which auto tries them; those that auto never takes last."""
    found: list[Backend] = plugins.find_all(FOLDER, Backend)
    return sorted(found, key=lambda one: (one.auto_rank is None, one.auto_rank or 0, one.name))


def names() -> list[str]:
    """The backends for which engines are built: the choices of --backend."""
    return [backend.name for backend in find_all() if not backend.no_build_reason]


def no_gpu(why: str) -> MissingDependency:
    """The error of a GPU backend on a machine without a GPU: names the backends to use instead."""
    on_cpu = [one.name for one in find_all() if not one.is_gpu and not one.no_build_reason]
    return MissingDependency(
        f"this backend needs an NVIDIA GPU, and {why}; use --backend {_listed(on_cpu)} here"
    )


def buildable_anywhere() -> str:
    """The backends whose engines can be built without a GPU, as the end of an error message."""
    found = [one.name for one in find_all() if one.builds_for_other_devices or not one.is_gpu]
    return f"--backend {_listed(name for name in found if name in names())}"


def _listed(words: Iterable[str], last: str = "or") -> str:
    """["a", "b", "c"] -> "a, b or c"."""
    *first, end = words
    return f"{', '.join(first)} {last} {end}" if first else end
