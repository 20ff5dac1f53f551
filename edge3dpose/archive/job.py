"""The pipeline of an archive: what every worker opens, and what makes two parts the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from edge3dpose import __version__, paths
from edge3dpose.engine_types import EngineConfig
from edge3dpose.pose import PoseEstimator
from edge3dpose.runtime import filters

Format: TypeAlias = Literal["jsonl", "parquet"]
FORMATS: tuple[Format, ...] = ("jsonl", "parquet")
_OF_THE_ENGINE = {  # arguments of PoseEstimator that say which engine, or how fast it runs
    *("model", "weights", "cut", "precision", "backend", "threads", "engines", "progress"),
}


@dataclass(frozen=True, slots=True)
class ArchiveJob:
    """What a worker has to know; it goes to other processes and machines.

    estimator  arguments of PoseEstimator, cut, precision and backend settled
    out        folder of the archive
    pipeline   see pipeline_of
    split_s    a longer clip is done in sections of about this length; 0 does all in one
    """

    estimator: Mapping[str, Any]
    out: Path
    format: Format
    pipeline: Mapping[str, Any]
    split_s: float = 0.0


def settled(
    estimator: Mapping[str, Any],
    out: Path,
    format: Format,
    progress: Callable[[str, float], None] | None = None,
    split_s: float = 0.0,
) -> tuple[ArchiveJob, EngineConfig]:
    """The job with everything that was ``auto`` chosen here, once, for all workers.

    The engine is built where it was not. With a filter that needs all of a clip, such as the one
    that counts, no clip is split. Raises what PoseEstimator raises.
    """
    with PoseEstimator(**estimator, progress=progress) as pose:
        config = pose.config
    fixed = {"cut": config.cut, "precision": config.precision, "backend": config.backend}
    pipeline = pipeline_of({**estimator, **fixed}, config, format)
    if filters.that_need_all(estimator.get("filter_options") or {}):
        split_s = 0.0
    return ArchiveJob({**estimator, **fixed}, out, format, pipeline, split_s), config


def with_threads(job: ArchiveJob, threads: int | None) -> ArchiveJob:
    """The same job with so many threads for each worker's engine."""
    return replace(job, estimator={**job.estimator, "threads": threads})


def pipeline_of(
    estimator: Mapping[str, Any], config: EngineConfig, format: Format
) -> dict[str, Any]:
    """What makes the poses of a clip: a clip that another pipeline did is done again.

    The number of threads is no part of it.
    """
    options = {k: v for k, v in estimator.items() if k not in _OF_THE_ENGINE and v is not None}
    camera = options.get("camera")
    if isinstance(camera, str | Path):  # the numbers count, not the name of their file
        options["camera"] = f"sha256 {paths.sha256_of(Path(camera))}"
    return {
        "version": __version__,
        "model": config.spec.name,
        "weights_sha256": config.weights.sha256,
        "cut": config.cut,
        "precision": config.precision,
        "backend": config.backend,
        "format": format,
        "options": json.loads(json.dumps(options, sort_keys=True, default=str)),
    }
