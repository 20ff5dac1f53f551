"""Where poses go: called with each frame and its people, closed at the end."""

from __future__ import annotations

from typing import Protocol

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
