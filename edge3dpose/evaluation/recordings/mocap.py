"""A folder of clips with marker motion capture: NAME.mp4 and NAME.npz (docs/formats.md)."""

from __future__ import annotations

from pathlib import Path

from edge3dpose.errors import BadInput
from edge3dpose.evaluation.recordings import Recording
from edge3dpose.evaluation.recordings._arrays import Arrays

PROTOCOL = (
    "real clips with marker motion capture, through the whole pipeline; matched by time with the "
    "best constant offset within 0.3 s; the camera is not known"
)


def open_recordings(root: Path) -> list[Recording]:
    """The clips of a folder, by name."""
    files = sorted(root.glob("*.npz")) if root.is_dir() else []
    if not files:
        raise BadInput(f"no NAME.npz in {root}; wanted a folder of clips NAME.mp4 with NAME.npz")
    return [_recording(file) for file in files]


def _recording(file: Path) -> Recording:
    video = file.with_suffix(".mp4")
    if not video.is_file():
        raise BadInput(f"{file} has no clip {video.name} beside it")
    arrays = Arrays(file)
    names = arrays.joint_names()
    answers = arrays.answers(len(names))
    return Recording(file.stem, video, names, arrays.motion("", len(names)), answers=answers)
