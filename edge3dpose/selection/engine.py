"""An engine's config -> the engine, open; built first where the cache has none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge3dpose import checks, paths
from edge3dpose.compiler import build_apart, cache, engine_key
from edge3dpose.compiler.cache import Lookup
from edge3dpose.compiler.engine_key import EngineKey
from edge3dpose.engine_types import Engine, EngineConfig, EngineRequest
from edge3dpose.manifest import Manifest
from edge3dpose.runtime import backends
from edge3dpose.selection.defaults import resolve
from edge3dpose.types import Progress


def build_engine(
    model: str = "sspnet-lite",
    *,
    cut: int | str = "auto",
    precision: str = "auto",
    backend: str = "auto",
    weights: str | Path | None = None,
    engines: str | Path | None = None,
    ranges: str | Path | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Build the engine of one cut, or find it in the cache.

    The cache's key is everything that can change the engine: weights, cut, precision, INT8 ranges,
    backend and its version, device and this package's own compiler. A built engine is compared with
    FP32 on crops of real people, in mm, and is kept only within the limits of its precision.

    model      name of a model, see ``edge3dpose.models.specs()``
    cut        number of the prediction block to stop after, or "auto"
    precision  "fp32", "bf16", "fp16", "int8" or "auto"; "int8" needs ranges, see ``calibrate``
    backend    "openvino", "onnxruntime", "tensorrt", "tensorrt-rtx", "onnxruntime-cuda" or "auto"
    weights    ONNX file of your own with its card beside it; None for the shipped weights
    engines    folder of the cache; None for the usual one
    ranges     file of INT8 ranges; None for the one that ``calibrate`` writes, else the shipped one
    force      build also what the cache has
    progress   called with (what is being done, share of it in 0..1) while it is built

    Returns the path of the engine: an ONNX file, or a TensorRT plan (.engine). Its input `images`
    is (1, 3, S, S) float32 RGB, normalised; its output (1, J, 4) unit poses: u, v, z and score. A
    manifest (same name, .json) lies beside it.

    Raises BadInput for what cannot be built, MissingDependency where the backend's package or its
    GPU is missing, EngineMismatch for a damaged weights file, BuildFailed where the backend does
    not build it, AccuracyGateFailed where it is too far from FP32. No file is left then.

    Example::

        path = edge3dpose.build_engine(cut=1, precision="fp32", backend="onnxruntime")
        print(path.name, path.with_suffix(".json").is_file())
    """
    checks.function("progress", progress)
    file = checks.file_name("weights", weights)
    config = resolve(EngineRequest(model, file, cut, precision, backend))
    key = engine_key.key_of(config, ranges_file=checks.file_name("ranges", ranges))
    folder = checks.file_name("engines", engines)
    return ensure_key_built(key, folder, force=force, progress=progress)[0].engine


def open_engine(
    config: EngineConfig, engines: Path | None = None, progress: Progress | None = None
) -> Engine:
    """Open the engine of a config; it is built first where the cache has none.

    The compiler's memory is not this process's: a large engine is built in another one, which ends.

    engines  folder of the cache; None for the usual one
    """
    key = engine_key.key_of(config)
    made, _ = ensure_key_built(key, engines, progress=progress, apart=build_apart.pays(key))
    return open_file(made.engine, config)


def open_engines(
    configs: Sequence[EngineConfig], engines: Path | None = None, progress: Progress | None = None
) -> dict[int, Engine]:
    """Open several cuts, by cut, which differ in nothing else; on a GPU they share memory."""
    files = {config.cut: ensure_built(config, engines, progress) for config in configs}
    first = configs[0]
    return backends.find(first.backend).open_engines(files, first.spec, threads=first.threads)


def open_file(engine: Path, config: EngineConfig) -> Engine:
    """Open an engine's file as its config says."""
    backend = backends.find(config.backend)
    return backend.open_engine(engine, config.spec, threads=config.threads)


def ensure_built(
    config: EngineConfig, engines: Path | None = None, progress: Progress | None = None
) -> Path:
    """The file of an engine, built where the cache has none."""
    return ensure_key_built(engine_key.key_of(config), engines, progress=progress)[0].engine


def ensure_key_built(
    key: EngineKey,
    engines: Path | None = None,
    *,
    force: bool = False,
    progress: Progress | None = None,
    apart: bool = False,
) -> tuple[Manifest, Lookup]:
    """The engine of a key, built where the cache has none, and what the cache had before.

    apart  in a process of its own
    """
    folder = engines or paths.engines_folder()
    found = cache.find(folder, key)
    if found.made is None and engines is None and not paths.can_be_written(folder):
        folder = paths.temporary_home() / "engines"
        found = cache.find(folder, key)
    if found.made is not None and not force:
        return found.made, found
    if apart and build_apart.build_apart(key.config, folder, progress):
        made = cache.find(folder, key).made
        if made is not None:
            return made, found
    # only now: the compiler and onnx take 30 MB
    from edge3dpose.compiler.build import build

    return build(key, folder, force=force, progress=progress), found
