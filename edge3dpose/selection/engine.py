"""An engine's config -> the engine, open; built first where the cache has none."""

from __future__ import annotations

from pathlib import Path

from edge3dpose import paths
from edge3dpose.runtime import backends
from edge3dpose.types import Engine, EngineConfig, Progress


def open_engine(
    config: EngineConfig, engines: Path | None = None, progress: Progress | None = None
) -> Engine:
    """Open the engine of a config; it is built first where the cache has none.

    engines  folder of the cache; None for the usual one
    """
    return open_file(ensure_built(config, engines, progress), config)


def open_file(engine: Path, config: EngineConfig) -> Engine:
    """Open an engine file as its config says."""
    backend = backends.find(config.backend)
    return backend.open_engine(engine, config.spec, threads=config.threads)


def ensure_built(
    config: EngineConfig, engines: Path | None = None, progress: Progress | None = None
) -> Path:
    """The file of an engine, built where the cache has none."""
    from edge3dpose.compiler import cache
    from edge3dpose.compiler.order import key_fields, place_order

    folder = engines or paths.engines_folder()
    wanted = config.weights, config.cut, config.precision, config.backend
    found = cache.look_up(folder, key_fields(place_order(*wanted)))
    if found.hit:
        return found.engine
    # only now: the compiler and onnx take 30 MB
    from edge3dpose.compiler.build import ensure_engine

    return ensure_engine(*wanted, engines=folder, progress=progress)
