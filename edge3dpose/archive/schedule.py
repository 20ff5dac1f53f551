"""Which worker gets which clip: large clips first, a second try where a worker dies."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from edge3dpose.archive.crew import Crew, Event
from edge3dpose.archive.record import ClipRecord
from edge3dpose.archive.worker import ClipTask
from edge3dpose.errors import BadInput

ATTEMPTS = 2  # of a clip whose worker dies
_STARTS = 3  # deaths of workers that were never ready, before the whole is given up
_POLL_S = 0.5


class Schedule:
    """Clips that are to be done, and who does them.

    check  called before a clip is begun; raises to stop all
    lost   makes the record of a clip whose workers died
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
        self.running: dict[str, tuple[int, int | None]] = {}  # clip -> frames done, of

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
            self.running[self._busy[event.worker].clip.key] = event.frames
        elif event.kind == "finished":
            self.running.pop(self._busy.pop(event.worker).clip.key, None)
            return event.record
        elif event.kind == "died":
            return self._died(event)
        return None

    def _died(self, event: Event) -> ClipRecord | None:
        task = self._busy.pop(event.worker, None)
        if task is None:
            self._bad_starts += event.worker not in self._ever_ready
            if self._bad_starts >= _STARTS:
                raise BadInput(f"the workers end while they start: {event.text}")
            return None
        self.running.pop(task.clip.key, None)
        if task.attempt < ATTEMPTS:
            self._waiting.appendleft(replace(task, attempt=task.attempt + 1))
            return None
        return self._lost(task, f"{event.text}, in {task.attempt} attempts")

    def _give(self, crew: Crew, worker: int, hired: set[int]) -> None:
        if not self._waiting:
            hired.discard(worker)
            crew.dismiss(worker)
            return
        self._check()
        task = self._waiting.popleft()
        self._busy[worker] = task
        crew.give(worker, task)
