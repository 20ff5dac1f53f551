"""Our pipeline in a process of its own, for bench.apart: python -m edge3dpose.bench.footprint.

The engine is opened as `run` opens it, with all that it imports, and first of all: the detector and
the first frame are part of what the first pose waits for.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge3dpose.bench.subprocess_runner import Pass, SubprocessRunner
from edge3dpose.bench.surroundings import around, opener
from edge3dpose.bench.timing import Surroundings, loop
from edge3dpose.runtime.sinks import Sink
from edge3dpose.selection.defaults import best_cut, cuts_by_error, resolve
from edge3dpose.selection.engine import open_engine
from edge3dpose.types import Engine, EngineConfig, EngineRequest, Frame, Pose3D

PROTOCOL = (
    "Each in a process of its own, after all speeds: peak resident memory of two passes over the "
    "source; seconds from the engine being open to the first pose, detector and first frame among "
    "them; CPU time of all threads in the second pass. The cut that auto takes, of each "
    "backend and precision, else the best."
)


def add_footprints(
    rows: list[dict],
    configs: list[EngineConfig],
    engines: Path | None,
    source: str,
    fps: float | None,
    frames: int | None,
) -> None:
    """Measure the cut that `auto` takes, else the best, of each backend and precision."""
    by_name = {(row["backend"], row["precision"], row["cut"]): row for row in rows}
    for way in dict.fromkeys((config.backend, config.precision) for config in configs):
        mine = {c.cut: c for c in configs if (c.backend, c.precision) == way}
        mine = {cut: config for cut, config in mine.items() if (*way, cut) in by_name}
        if not mine:  # all of them were too far from FP32
            continue
        weights = configs[0].weights
        ranked = [cut for cut, _ in cuts_by_error(weights) if cut in mine]
        wanted = [best_cut(weights)[0], *ranked, max(mine)]
        cut = next(cut for cut in wanted if cut in mine)
        by_name[(*way, cut)]["footprint"] = footprint(mine[cut], engines, source, fps, frames)


def footprint(
    config: EngineConfig, engines: Path | None, source: str, fps: float | None, frames: int | None
) -> dict:
    """Peak memory, first pose and CPU time of one cut over a source that can be opened again."""
    wanted = {
        "model": config.spec.name,
        "weights": str(config.weights.onnx),
        "cut": str(config.cut),
        "precision": config.precision,
        "backend": config.backend,
        "threads": config.threads,
        "engines": None if engines is None else str(engines),
        "source": source,
        "fps": fps,
    }
    ours = SubprocessRunner([sys.executable, "-m", __name__], wanted)
    try:
        ours.run(frames)
        last: Pass = ours.run(frames)
        return ours.footprint(last)
    finally:
        ours.close()


def main() -> None:
    """Open, say so, then answer until the input ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints is no answer
    wanted = json.loads(sys.argv[1])
    source, fps, engines = (wanted.pop(name) for name in ("source", "fps", "engines"))
    wanted["weights"] = Path(wanted["weights"])
    config = resolve(EngineRequest(**wanted))
    engine = open_engine(config, engines and Path(engines))
    print(json.dumps({"opened_at_s": time.monotonic()}), file=answers)
    surroundings = around(config.spec, opener(source, fps=fps))
    for line in sys.stdin:
        frames = json.loads(line)["frames"]
        told = _pass(engine, surroundings, frames, bf16=config.precision == "bf16")
        print(json.dumps(told), file=answers)
    engine.close()


def _pass(
    engine: Engine, surroundings: Surroundings, frames: int | None, *, bf16: bool
) -> dict[str, Any]:
    first_at_s: list[float] = []
    summary, clock = loop(
        engine, surroundings, frames, sinks=[_Watch(first_at_s.append)], bf16=bf16
    )
    return {
        "frame_s": clock.seconds("frame").tolist(),
        "elapsed_s": summary.elapsed_s,
        "with_people": summary.with_people,
        "first_pose_at_s": first_at_s[0] if first_at_s else None,
    }


class _Watch(Sink):
    """A sink that tells when a pose came."""

    def __init__(self, tell: Callable[[float], None]) -> None:
        self._tell = tell

    def __call__(self, frame: Frame, poses: list[Pose3D]) -> None:
        if poses:
            self._tell(time.monotonic())


if __name__ == "__main__":
    main()
