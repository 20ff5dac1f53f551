"""Peers in the same run: other pipelines over the same clip, each in a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from edge3dpose.bench import peer_scripts
from edge3dpose.bench.energy import Meter, spent
from edge3dpose.bench.plan import Plan
from edge3dpose.bench.subprocess_runner import Pass, SubprocessRunner
from edge3dpose.bench.timing import frame_statistics, millijoules
from edge3dpose.errors import BadInput, MissingDependency
from edge3dpose.reports.rows import LoopTiming, PeerError, PeerRow
from edge3dpose.runtime import sources

PROTOCOL = (
    "Peers run in a process of their own over the same file, in turn with our engines; reading it "
    "is in their FPS as it is in ours. Their models stay open from round to round, and where the "
    "clip begins anew they go on following."
)
COMPLEXITIES = {"mediapipe-lite": 0, "mediapipe-full": 1, "mediapipe-heavy": 2}
_ALIASES = {"mediapipe": "mediapipe-full"}
_SCRIPT = Path(peer_scripts.__file__).with_name("mediapipe_pose.py")
_FIX = (
    "its pose pipeline came with mediapipe up to 0.10.21, which wants numpy below 2: "
    "python3.11 -m venv peers && peers/bin/pip install mediapipe==0.10.21, "
    "then pass --against-python peers/bin/python"
)

FIRST_FRAMES = 10  # in which somebody has to be found


class PeerRuns:
    """An open peer, and its runs over the source."""

    def __init__(self, name: str, runner: SubprocessRunner) -> None:
        self.name, self._runner = name, runner
        runner.run(FIRST_FRAMES)  # now: the first pose must not wait for the peer's turn
        self._passes: list[Pass] = []
        self._joules: list[dict[str, float]] = []

    def measure(self, plan: Plan, meters: Sequence[Meter]) -> None:
        """One round: the warm-up, then what counts."""
        self._runner.run(plan.warm_up)
        with spent(meters) as joules:
            self._passes.append(self._runner.run(plan.frames))
        self._joules.append(joules)

    @property
    def count(self) -> int:
        """Frames measured so far."""
        return sum(len(one.frame_s) for one in self._passes)

    def row(self, errors: Mapping[str, dict[str, PeerError]]) -> PeerRow:
        """What the runs of all rounds come to.

        errors  sha256 of a model -> its errors, see evaluation.peers.errors_by_model
        """
        facts = self._runner.facts
        elapsed_s = sum(one.elapsed_s for one in self._passes)
        return PeerRow(
            name=self.name,
            version=facts["version"],
            model=facts["model"],
            model_sha256=facts["model_sha256"],
            error=errors.get(facts["model_sha256"], {}),
            end_to_end=LoopTiming(
                frames_processed=self.count,
                frames_with_people=sum(one.with_people for one in self._passes),
                fps=round(self.count / elapsed_s, 2) if elapsed_s else 0.0,
                rounds_fps=tuple(round(one.fps, 2) for one in self._passes),
                frame=frame_statistics(np.concatenate([one.frame_s for one in self._passes])),
                mj_per_frame=millijoules(self._joules, self.count),
            ),
            footprint=self._runner.footprint(self._passes[-1]),
        )


def peer_names(text: str | None) -> list[str]:
    """The peers of a list with commas; BadInput for an unknown one."""
    names = [_ALIASES.get(name, name) for name in text.split(",")] if text else []
    for name in names:
        if name not in COMPLEXITIES:
            known = ", ".join((*_ALIASES, *COMPLEXITIES))
            raise BadInput(f"--against {name!r}: wanted some of {known}")
    return list(dict.fromkeys(names))


def open_peers(
    names: Sequence[str], python: Path | None, source: str | int, stack: ExitStack
) -> list[PeerRuns]:
    """Each in its process, closed with the stack. MissingDependency says what to install.

    python  that runs them; None for this one
    """
    if not names:
        return []
    video = _video_file(source)
    peers = []
    for name in names:
        command = [str(python or sys.executable), str(_SCRIPT)]
        try:
            runner = SubprocessRunner(command, {"video": video, "complexity": COMPLEXITIES[name]})
        except (MissingDependency, OSError) as error:
            raise MissingDependency(f"{name} does not open: {error}; {_FIX}") from None
        stack.callback(runner.close)
        peers.append(PeerRuns(name, runner))
    return peers


def _video_file(source: str | int) -> str:
    file = sources.find(source).video_file(source)
    if file is None:
        raise BadInput(f"--against needs a clip that both can read: a video file, not {source}")
    return str(file)
