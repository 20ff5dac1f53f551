"""Where poses go: called with each frame and its people, closed at the end."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from edge3dpose.errors import BadInput
from edge3dpose.types import Frame, Pose3D


class Sink(Protocol):
    """Takes a frame and the poses in it. A file appears under its name only in close()."""

    skips: bool  # may miss frames when they come faster than it takes them
    main_thread: bool  # has to be called by the main thread, as windows have to

    def __call__(self, frame: Frame, poses: list[Pose3D]) -> None: ...

    def flush(self) -> None:
        """Wait until what was taken is dealt with; raises what went wrong meanwhile."""
        ...

    def close(self) -> None:
        """Finish: everything taken so far is kept. A second call does nothing."""
        ...

    def discard(self) -> None:
        """Give up: nothing is left under the final name."""
        ...


class Stop(Exception):
    """A sink's way to end the run: somebody closed its window."""


def part_of(path: Path, ending: str = "") -> Path:
    """Where a file grows until it is whole; BadInput where its folder cannot be written."""
    part = path.with_name(f"{path.stem}.part{ending or path.suffix}")
    if path.is_dir():
        raise BadInput(f"{path} is a folder, wanted a file to write")
    try:
        part.touch()
    except OSError as error:
        raise BadInput(f"cannot write {path}: {error.strerror or error}") from None
    return part
