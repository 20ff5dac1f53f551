"""Workers as the schedule sees them: hired, given a clip, dismissed; what they say are events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edge3dpose.archive.task import ClipTask, Outcome


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a worker said, or that became of it.

    kind    ready (it wants a clip), progress, finished (its task; it is free again), died, or
            refused (it cannot open the engine, and neither can the others)
    text    why it died or refused
    record  of the clip that was finished, or what came of it else
    frames  done of the clip, and how many it has where that is known
    """

    worker: int
    kind: Literal["ready", "progress", "finished", "died", "refused"]
    text: str = ""
    record: Outcome | None = None
    frames: tuple[int, int | None] = (0, None)


class Crew:
    """Workers of one kind: base class."""

    def hire(self) -> int:
        """Start a worker; it will say that it is ready. Returns its number."""
        raise NotImplementedError

    def give(self, worker: int, task: ClipTask) -> None:
        """Hand a clip to a worker that is free."""
        raise NotImplementedError

    def dismiss(self, worker: int) -> None:
        """Let a worker that is free go."""
        raise NotImplementedError

    def wait(self, timeout_s: float) -> list[Event]:
        """What happened, or nothing within this time."""
        raise NotImplementedError

    def close(self) -> None:
        """End all workers, whatever they do."""
