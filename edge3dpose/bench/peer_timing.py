"""A peer's whole pipeline over the same source -> its speed, memory and error, as our rows have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edge3dpose.bench.energy import Meter, spent
from edge3dpose.bench.subprocess_runner import Pass, SubprocessRunner
from edge3dpose.bench.timing import Plan, millijoules, statistics

PROTOCOL = (
    "Peers run in a process of their own over the same file, in turn with our engines; reading it "
    "is in their FPS as it is in ours. Their models stay open from round to round, and where the "
    "clip begins anew they go on following."
)

FIRST = 10  # frames, in which somebody has to be found


class PeerRun:
    """A peer that is open, and what was measured of it."""

    def __init__(self, name: str, apart: SubprocessRunner) -> None:
        self.name, self._apart = name, apart
        apart.run(FIRST)  # now: the first pose must not wait for the peer's turn
        self._passes: list[Pass] = []
        self._joules: list[dict[str, float]] = []

    def visit(self, plan: Plan, meters: Sequence[Meter]) -> None:
        """A round: the warm-up, then what counts."""
        self._apart.run(plan.warm_up)
        with spent(meters) as joules:
            self._passes.append(self._apart.run(plan.frames))
        self._joules.append(joules)

    def figures(self, errors: dict[str, dict[str, Any]]) -> dict[str, Any]:
        """What the report says of it.

        errors  sha256 of a model -> what accuracy reports say of it, see bench.peer_errors
        """
        frames = sum(len(one.frame_s) for one in self._passes)
        elapsed_s = sum(one.elapsed_s for one in self._passes)
        frame_s = np.concatenate([one.frame_s for one in self._passes])
        return {
            "name": self.name,
            **self._apart.facts,
            "error": errors.get(self._apart.facts["model_sha256"], {}),
            "end_to_end": {
                "frames_processed": frames,
                "frames_with_people": sum(one.with_people for one in self._passes),
                "fps": round(frames / elapsed_s, 2),
                "rounds_fps": [round(one.fps, 2) for one in self._passes],
                "frame": statistics(frame_s),
                "mj_per_frame": millijoules(self._joules, frames),
            },
            "footprint": self._apart.footprint(self._passes[-1]),
        }

    def close(self) -> None:
        """End its process."""
        self._apart.close()
