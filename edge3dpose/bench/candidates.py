"""Configs of engines -> engines that are built and ready to be timed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge3dpose import manifest
from edge3dpose.engine_types import Engine, EngineConfig, Weights
from edge3dpose.errors import AccuracyGateFailed, BadInput, Edge3DPoseError
from edge3dpose.manifest import Manifest
from edge3dpose.metrics import deviation_mm
from edge3dpose.reports.rows import LeftOut
from edge3dpose.runtime.all_heads import open_heads
from edge3dpose.selection.engine import ensure_built
from edge3dpose.types import Array, Progress

Open = Callable[[Path, EngineConfig], Engine]  # an engine file -> the engine


@dataclass(frozen=True, slots=True)
class Candidate:
    """An engine that is timed."""

    config: EngineConfig
    manifest: Manifest
    engine: Engine


class LazyEngine(Engine):
    """Opens with the first call, also after it was closed: of many, one need be open at a time.

    outputs  (N, J, C) of ``people`` (N, 3, S, S), kept from the first time it was open; else None
    """

    def __init__(self, open_engine: Callable[[], Engine], people: Array) -> None:
        self._open, self._people = open_engine, people
        self._engine: Engine | None = None
        self.outputs: Array | None = None

    def __call__(self, images: Array) -> Array:
        """As the engine."""
        if self._engine is None:
            self._engine = self._open()
            if self.outputs is None:
                self.outputs = np.array(self._engine(self._people))
        return self._engine(images)

    def close(self) -> None:
        """Free it until the next call."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None


def make_candidates(
    configs: Sequence[EngineConfig],
    engines: Path | None,
    open_file: Open,
    progress: Progress | None = None,
) -> tuple[list[Candidate], tuple[LeftOut, ...]]:
    """The engines, built where the cache has none, and those that are left out.

    Left out are those that cannot be built here and those too far from FP32. Where that are all,
    the last error is raised.
    """
    candidates, left_out = [], []
    last: Edge3DPoseError | None = None
    for config in configs:
        try:
            file = ensure_built(config, engines, progress)
            engine = open_file(file, config)
        except (AccuracyGateFailed, BadInput) as error:
            left_out.append(
                LeftOut(
                    cut=config.cut,
                    backend=config.backend,
                    precision=config.precision,
                    why=str(error),
                )
            )
            last = error
        else:
            candidates.append(Candidate(config, manifest.read(file), engine))
    if not candidates and last:
        raise last
    return candidates, tuple(left_out)


def deviations_mm(
    candidates: Sequence[Candidate], outputs: Callable[[Engine], Array], people: Array
) -> list[float]:
    """How far each engine is from FP32 on people (N, 3, S, S).

    outputs  gives what an engine predicts for them, (N, J, C)
    """
    weights: Weights = candidates[0].config.weights
    reference = open_heads(weights)(people)  # (cuts, N, J, C)
    return [
        round(
            deviation_mm(outputs(one.engine), reference[one.config.cut - 1], weights.spec),
            2,
        )
        for one in candidates
    ]
