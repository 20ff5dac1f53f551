"""The engines that a benchmark measures: options -> configs -> open candidates."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click
import numpy as np

from edge3dpose import manifest, models
from edge3dpose.bench.timing import Candidate
from edge3dpose.commands._progress import builds
from edge3dpose.errors import AccuracyGateFailed, BadInput, Edge3DPoseError
from edge3dpose.evaluation.all_heads import open_heads
from edge3dpose.metrics import deviation_mm
from edge3dpose.runtime import backends
from edge3dpose.selection.defaults import listed, resolve
from edge3dpose.selection.engine import ensure_built, open_file
from edge3dpose.types import PRECISIONS, Array, EngineConfig, EngineRequest, Weights

PEOPLE = 16  # of those that the engines are timed on


def chosen(
    *,
    model: str,
    weights: Path | None,
    cut: str,
    precision: str,
    backend: str,
    threads: int | None,
) -> list[EngineConfig]:
    """Every cut with every backend and precision that was asked for."""
    spec = models.find(model)
    cuts = [cut] if cut == "auto" else [str(number) for number in models.parse_cuts(cut, spec)]
    return [
        resolve(EngineRequest(model, weights, k, p, b, threads))
        for b in listed("--backend", backend, backends.names())
        for p in listed("--precision", precision, PRECISIONS)
        for k in cuts
    ]


def opened(
    configs: list[EngineConfig], engines: Path | None, stack: ExitStack
) -> tuple[list[Candidate], list[dict]]:
    """The engines to time, and those of several that cannot be or are too far from FP32."""
    candidates, refused = [], []
    last: Edge3DPoseError | None = None
    for config in configs:
        try:
            candidates.append(_candidate(config, engines, stack))
        except (AccuracyGateFailed, BadInput) as error:
            if str(error) != str(last):  # of 24 cuts, once
                click.echo(f"left out: {error}", err=True)
            refused.append({**_name(config), "why": str(error)})
            last = error
    if not candidates and last:
        raise last
    return candidates, refused


def add_deviations(candidates: list[Candidate], weights: Weights, tensors: Sequence[Array]) -> None:
    """How far each is from FP32 on a few of the people (1, 3, S, S), into its facts."""
    people = np.concatenate(tensors[:PEOPLE])
    full = open_heads(weights)(people)  # (cuts, N, J, C)
    for candidate in candidates:
        said = np.array(candidate.engine(people))
        apart_mm = deviation_mm(said, full[candidate.facts["cut"] - 1], weights.spec)
        candidate.facts["deviation_mm"] = round(apart_mm, 2)


def _name(config: EngineConfig) -> dict:
    return {"cut": config.cut, "backend": config.backend, "precision": config.precision}


def _candidate(config: EngineConfig, engines: Path | None, stack: ExitStack) -> Candidate:
    with builds() as progress:
        path = ensure_built(config, engines, progress)
    engine = open_file(path, config)
    stack.callback(engine.close)
    made = manifest.read(path)
    facts = {
        **_name(config),
        "threads": config.threads,
        "backend_version": made.backend_version,
        "engine_sha256": made.sha256,
        "engine_bytes": made.size_bytes,
        "parity": made.parity,
        "error": (config.weights.card.get("cuts") or {}).get(str(config.cut), {}),
    }
    return Candidate(facts, engine)
