"""An engine's config -> its key: everything that can change the engine, computed once."""

from __future__ import annotations

import functools
import hashlib
import platform
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from edge3dpose import manifest, paths
from edge3dpose.compiler import plan, ranges
from edge3dpose.compiler.ranges import Ranges
from edge3dpose.engine_types import PRECISIONS, EngineConfig
from edge3dpose.errors import BadInput
from edge3dpose.runtime import backends

BUILDER_FILES = ("build.py", "cut.py", "fp16.py", "graph.py", "int8.py", "plan.py")


@dataclass(frozen=True)
class EngineKey:
    """What identifies an engine in the cache, and what it is built with; made by ``key_of``."""

    config: EngineConfig
    ranges: Ranges | None  # of INT8
    settings: plan.Settings  # of a TensorRT plan
    fields: dict[str, Any]
    digest: str  # SHA-256 of the fields

    @property
    def is_plan(self) -> bool:
        """Whether the engine is a TensorRT plan, and not an ONNX file."""
        return backends.find(self.config.backend).is_plan

    @property
    def is_fp16(self) -> bool:
        """Whether layers that are not INT8 are FP16: INT8 on a CPU keeps them in FP32."""
        precision = self.config.precision
        return precision == "fp16" or (precision == "int8" and self.is_plan)

    @property
    def file_name(self) -> str:
        """Name of the engine's file: 'sspnet-lite-cut07-fp32-openvino-0123456789abcdef.onnx'."""
        config = self.config
        target = config.backend
        if self.is_plan:
            target = self.fields["device"]["compute_capability"].replace(".", "")
            target = f"sm{target}" if target.isdigit() else target
        stem = f"{config.spec.name}-cut{config.cut:02d}-{config.precision}-{target}"
        suffix = manifest.PLAN_SUFFIX if self.is_plan else ".onnx"
        return f"{stem}-{self.digest[:16]}{suffix}"


def key_of(
    config: EngineConfig,
    *,
    ranges_file: Path | None = None,
    settings: plan.Settings | None = None,
) -> EngineKey:
    """The key of an engine; the package of its backend is imported.

    ranges_file  INT8 ranges; None for the usual places
    Raises BadInput for an engine that cannot be, such as INT8 without ranges; MissingDependency
    without the backend's package, or without a device that the build needs.
    """
    settings = settings or plan.Settings()
    _check(config)
    found = ranges.find(config.weights, ranges_file) if config.precision == "int8" else None
    fields = _fields(config, found, settings)
    return EngineKey(config, found, settings, fields, manifest.digest(fields))


def _check(config: EngineConfig) -> None:
    spec, backend = config.spec, backends.find(config.backend)
    if not 1 <= config.cut <= spec.cuts:
        raise BadInput(f"{spec.name} has no cut {config.cut}; there are 1 to {spec.cuts}")
    if config.precision not in PRECISIONS:
        raise BadInput(f"no precision {config.precision!r}; there is: {', '.join(PRECISIONS)}")
    if backend.no_build_reason:
        raise BadInput(backend.no_build_reason)
    if reason := backend.unsupported_reason(config.precision):
        raise BadInput(f"--precision {config.precision} {reason}")


def _fields(config: EngineConfig, found: Ranges | None, settings: plan.Settings) -> dict[str, Any]:
    spec, backend = config.spec, backends.find(config.backend)
    S = spec.input_size
    return {
        "schema": manifest.SCHEMA,
        "model": spec.name,
        "weights_sha256": config.weights.sha256,  # of the ONNX file: weights and graph
        "cut": config.cut,
        "precision": config.precision,
        "calibration": found.digest if found else None,
        "input": {"name": "images", "dtype": "float32", "shape": [1, 3, S, S]},
        "output": spec.head(config.cut),
        "backend": config.backend,
        "backend_version": _backend_version(config.backend),
        "device": backend.device(),
        "system": f"{platform.system()}-{platform.machine()}",
        "flags": plan.options(settings) if backend.is_plan else _cpu_flags(config),
        "builder": _builder_version(),
        "onnx": metadata.version("onnx"),
    }


def _cpu_flags(config: EngineConfig) -> dict[str, int]:
    if config.precision != "int8":
        return {}
    return {"weight_bits": backends.find(config.backend).int8_weight_bits()}


@functools.cache
def _builder_version() -> str:
    """Identity of our own passes: a change of them makes other engines."""
    folder = paths.PACKAGE / "compiler"
    content = b"".join((folder / name).read_bytes() for name in BUILDER_FILES)
    return hashlib.sha256(content).hexdigest()


@functools.cache
def _backend_version(backend: str) -> str:
    return backends.find(backend).version()
