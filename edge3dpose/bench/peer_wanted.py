"""--against: peers that are to be measured in the same run, over the same clip."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

from edge3dpose import paths
from edge3dpose.bench import peer_scripts
from edge3dpose.bench.peer_timing import PeerRun
from edge3dpose.bench.subprocess_runner import SubprocessRunner
from edge3dpose.errors import BadInput, MissingDependency
from edge3dpose.runtime import sources

COMPLEXITIES = {"mediapipe-lite": 0, "mediapipe-full": 1, "mediapipe-heavy": 2}
_ALIASES = {"mediapipe": "mediapipe-full"}
_SCRIPT = Path(peer_scripts.__file__).with_name("mediapipe_pose.py")
_FIX = (
    "its pose pipeline came with mediapipe up to 0.10.21, which wants numpy below 2: "
    "python3.11 -m venv peers && peers/bin/pip install mediapipe==0.10.21, "
    "then pass --against-python peers/bin/python"
)


def names(text: str | None) -> list[str]:
    """The peers of a list with commas; BadInput for one that nobody knows."""
    listed = [_ALIASES.get(name, name) for name in text.split(",")] if text else []
    for name in listed:
        if name not in COMPLEXITIES:
            known = ", ".join((*_ALIASES, *COMPLEXITIES))
            raise BadInput(f"--against {name!r}: wanted some of {known}")
    return list(dict.fromkeys(listed))


def open_peers(
    wanted: list[str], python: Path | None, source: str, stack: ExitStack
) -> list[PeerRun]:
    """Each in its process, closed with the stack. MissingDependency says what to install."""
    if not wanted:
        return []
    video = _video(source)
    runs = []
    for name in wanted:
        command = [str(python or sys.executable), str(_SCRIPT)]
        try:
            apart = SubprocessRunner(command, {"video": video, "complexity": COMPLEXITIES[name]})
        except (MissingDependency, OSError) as error:
            raise MissingDependency(f"{name} does not open: {error}; {_FIX}") from None
        runs.append(PeerRun(name, apart))
        stack.callback(apart.close)
    return runs


def _video(source: str) -> str:
    file = sources.find(source).video_file(source)
    if file is None:
        raise BadInput(f"--against needs a clip that both can read: a video file, not {source}")
    return str(file)


def reports_folder() -> Path:
    """Where the accuracy reports of a checkout lie."""
    return paths.home() / "benchmarks"
