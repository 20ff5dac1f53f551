"""Which worker gets which task: large clips first, a second try where a worker dies."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from edge3dpose.archive.crew import Crew, Event
from edge3dpose.archive.record import ClipRecord
from edge3dpose.archive.splits import Splits
from edge3dpose.archive.task import ClipTask, Outcome, SectionDone, SplitClip
from edge3dpose.errors import BadInput

ATTEMPTS = 2  # of a task whose worker dies
_STARTS = 3  # deaths of workers that were never ready, before the whole is given up
_POLL_S = 0.5


class Schedule:
    """Clips that are to be done, and who does them. Sections of a clip come before other clips.

    check  called before a task is begun; raises to stop all
    lost   makes the record of a clip that failed without one
    """

    def __init__(
        self,
        tasks: Sequence[ClipTask],
        check: Callable[[], object],
        lost: Callable[[ClipTask, str], ClipRecord],
    ) -> None:
        self._waiting = deque(sorted(tasks, key=lambda task: -(task.clip.size or 0)))
        self._check, self._lost = check, lost
        self._busy: dict[int, ClipTask] = {}
        self._ever_ready: set[int] = set()
        self._bad_starts = 0
        self._frames: dict[str, tuple[int, int | None]] = {}  # of whole clips
        self._splits = Splits()

    @property
    def running(self) -> Mapping[str, tuple[int, int | None]]:
        """Clip -> frames done, of all where that is known."""
        return {**self._frames, **self._splits.running}

    def results(self, crew: Crew, workers: int) -> Iterator[ClipRecord | None]:
        """The record of each clip as it is done or fails; None now and then in between.

        Raises BadInput where no worker can start.
        """
        hired = {crew.hire() for _ in range(min(workers, len(self._waiting)))}
        while self._waiting or self._busy:
            events = crew.wait(_POLL_S)
            for event in events:
                record = self._take(crew, event)
                if event.kind == "died":
                    hired.discard(event.worker)
                if record is not None:
                    yield record
                if event.kind in ("ready", "finished"):
                    self._give(crew, event.worker, hired)
            if self._waiting and len(hired) < min(workers, len(self._waiting) + len(self._busy)):
                hired.add(crew.hire())
            yield None

    def _take(self, crew: Crew, event: Event) -> ClipRecord | None:
        """Note an event; the record of a clip that is settled by it."""
        if event.kind == "refused":
            raise BadInput(event.text)
        if event.kind == "ready":
            self._ever_ready.add(event.worker)
            self._bad_starts = 0
        elif event.kind == "progress":
            self._note(self._busy[event.worker], event.frames)
        elif event.kind == "finished" and event.record is not None:
            return self._finished(self._busy.pop(event.worker), event.record)
        elif event.kind == "died":
            return self._died(event)
        return None

    def _note(self, task: ClipTask, frames: tuple[int, int | None]) -> None:
        if task.step == "section":
            self._splits.note(task, frames[0])
        else:
            self._frames[task.clip.key] = frames

    def _finished(self, task: ClipTask, outcome: Outcome) -> ClipRecord | None:
        self._frames.pop(task.clip.key, None)
        if isinstance(outcome, SplitClip):
            self._waiting.extendleft(reversed(self._splits.begin(task, outcome)))
        elif isinstance(outcome, SectionDone):
            if outcome.failed:
                return self._given_up(task, outcome.failed)
            if (joint := self._splits.finished(task)) is not None:
                self._waiting.appendleft(joint)
        else:
            return outcome
        return None

    def _died(self, event: Event) -> ClipRecord | None:
        task = self._busy.pop(event.worker, None)
        if task is None:
            self._bad_starts += event.worker not in self._ever_ready
            if self._bad_starts >= _STARTS:
                raise BadInput(f"the workers end while they start: {event.text}")
            return None
        if task.step == "section":
            self._splits.note(task, 0)
        self._frames.pop(task.clip.key, None)
        if task.attempt < ATTEMPTS and not self._splits.has_failed(task.clip.key):
            self._waiting.appendleft(replace(task, attempt=task.attempt + 1))
            return None
        return self._given_up(task, f"{event.text}, in {task.attempt} attempts")

    def _given_up(self, task: ClipTask, reason: str) -> ClipRecord | None:
        """The record of a clip that failed; its sections that wait are left undone."""
        key = task.clip.key
        if task.step != "section":
            return self._lost(task, reason)
        if not self._splits.fail(key):
            return None
        self._waiting = deque(one for one in self._waiting if one.clip.key != key)
        return self._lost(task, f"section {task.number + 1}: {reason}")

    def _give(self, crew: Crew, worker: int, hired: set[int]) -> None:
        if not self._waiting:
            hired.discard(worker)
            crew.dismiss(worker)
            return
        self._check()
        task = self._waiting.popleft()
        self._busy[worker] = task
        crew.give(worker, task)
