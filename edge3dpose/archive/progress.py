"""How far an archive is, in a line, with the time that is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter

from edge3dpose.archive.record import ClipRecord
from edge3dpose.archive.task import ClipTask


@dataclass(slots=True)
class ArchiveProgress:
    """Shares are of the clips' bytes: a clip twice as large is taken to take twice as long."""

    todo: Mapping[str, int]  # clip -> bytes
    done: set[str] = field(default_factory=set)
    failed: int = 0
    frames: int = 0
    share: float = 0.0
    _begin_s: float = field(default_factory=perf_counter)

    @classmethod
    def of(cls, tasks: list[ClipTask]) -> ArchiveProgress:
        """Nothing of these is done yet."""
        return cls({task.clip.key: max(1, task.clip.size or 0) for task in tasks})

    def add(self, record: ClipRecord) -> None:
        """A clip is done, or failed."""
        self.done.add(record.clip)
        self.failed += bool(record.reason)
        self.frames += record.frames

    def update(self, running: Mapping[str, tuple[int, int | None]]) -> None:
        """Where the clips are that are being done."""
        parts: float = sum(self.todo[key] for key in self.done)
        for key, (frames, total) in running.items():
            if key in self.done:
                continue
            parts += self.todo[key] * min(1.0, frames / total) if total else 0
        self.share = parts / max(1, sum(self.todo.values()))

    @property
    def elapsed_s(self) -> float:
        """Since the workers were asked for."""
        return perf_counter() - self._begin_s

    @property
    def text(self) -> str:
        """Clips, failures and time left: '12 of 340 clips, 1 failed, 2 h 10 min left'."""
        failed = f", {self.failed} failed" if self.failed else ""
        left = ""
        if self.share > 0.005:
            left = f", {duration(self.elapsed_s * (1 - self.share) / self.share)} left"
        return f"{len(self.done)} of {len(self.todo)} clips{failed}{left}"


def duration(seconds: float) -> str:
    """'40 s', '3 min', '2 h 10 min'."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"
