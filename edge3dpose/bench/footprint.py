"""Memory, start and CPU time of our pipeline, measured in a process of its own.

python -m edge3dpose.bench.footprint is that process; subprocess_runner.py says how it is talked to.
It opens the engine as `run` does, before everything else: the first pose waits for the detector and
the first frame too.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edge3dpose.bench.subprocess_runner import SubprocessRunner
from edge3dpose.engine_types import EngineConfig, EngineRequest
from edge3dpose.pose import PoseEstimator
from edge3dpose.reports.rows import Footprint, SpeedRow
from edge3dpose.runtime.clock import StageClock
from edge3dpose.runtime.sources import open_source
from edge3dpose.selection.defaults import best_cut, cuts_by_error, resolve
from edge3dpose.selection.engine import open_engine
from edge3dpose.types import Frame, Pose3D

PROTOCOL = (
    "Each in a process of its own, after all speeds: peak resident memory of two passes over the "
    "source; seconds from the engine being open to the first pose, detector and first frame among "
    "them; CPU time of all threads in the second pass. The cut that auto takes, of each "
    "backend and precision, else the best."
)


@dataclass(frozen=True, slots=True)
class RepeatedRun:
    """A run over a source that can be opened again."""

    source: str
    fps: float | None  # of the stamps of its frames; None for their own
    frames: int | None  # None for all
    engines: Path | None  # folder of built engines


def with_footprints(
    rows: Sequence[SpeedRow], configs: Sequence[EngineConfig], run: RepeatedRun
) -> list[SpeedRow]:
    """The rows, with the footprint of one cut of each backend and precision.

    configs  those of the rows
    """
    measured = {id(_default_cut(same)) for same in _by_runner(configs).values()}
    return [
        replace(row, footprint=footprint(config, run)) if id(config) in measured else row
        for row, config in zip(rows, configs, strict=True)
    ]


def footprint(config: EngineConfig, run: RepeatedRun) -> Footprint:
    """Peak memory, first pose and CPU time of one engine."""
    request = {
        "model": config.spec.name,
        "weights": str(config.weights.onnx),
        "cut": str(config.cut),
        "precision": config.precision,
        "backend": config.backend,
        "threads": config.threads,
        "engines": None if run.engines is None else str(run.engines),
        "source": run.source,
        "fps": run.fps,
    }
    runner = SubprocessRunner([sys.executable, "-m", __name__], request)
    try:
        runner.run(run.frames)
        return runner.footprint(runner.run(run.frames))
    finally:
        runner.close()


def main() -> None:
    """Open, say so, then answer until the input ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints is no answer
    request = json.loads(sys.argv[1])
    source, fps, engines = (request.pop(name) for name in ("source", "fps", "engines"))
    request["weights"] = Path(request["weights"])
    config = resolve(EngineRequest(**request))
    engine = open_engine(config, engines and Path(engines))
    print(json.dumps({"opened_at_s": time.monotonic()}), file=answers)
    with PoseEstimator.from_engine(config, engine) as estimator:
        for line in sys.stdin:
            frames = json.loads(line)["frames"]
            print(json.dumps(_pass(estimator, (source, fps), frames)), file=answers)
    engine.close()


def _by_runner(configs: Sequence[EngineConfig]) -> dict[tuple[str, str], list[EngineConfig]]:
    found: dict[tuple[str, str], list[EngineConfig]] = {}
    for config in configs:
        found.setdefault((config.backend, config.precision), []).append(config)
    return found


def _default_cut(configs: Sequence[EngineConfig]) -> EngineConfig:
    """The cut that ``auto`` takes where it is among them, else the best by the card."""
    weights = configs[0].weights
    by_cut = {config.cut: config for config in configs}
    ranked = [cut for cut, _ in cuts_by_error(weights)]
    wanted = [best_cut(weights)[0], *ranked, max(by_cut)]
    return by_cut[next(cut for cut in wanted if cut in by_cut)]


def _pass(
    estimator: PoseEstimator, source: tuple[str, float | None], frames: int | None
) -> dict[str, Any]:
    """One pass over the source (and its frame rate) or its first ``frames``."""
    clock = StageClock(keep=None)
    first_at_s: list[float] = []

    def note(frame: Frame, people: list[Pose3D]) -> None:
        if people and not first_at_s:
            first_at_s.append(time.monotonic())

    opened = open_source(*source)
    summary = estimator.run(opened, max_frames=frames, on_frame=note, clock=clock)
    return {
        "frame_s": clock.seconds("frame").tolist(),
        "elapsed_s": summary.elapsed_s,
        "with_people": summary.with_people,
        "first_pose_at_s": first_at_s[0] if first_at_s else None,
    }


if __name__ == "__main__":
    main()
