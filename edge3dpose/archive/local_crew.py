"""Workers as processes of this machine: started afresh, each with a pipe of its own.

A worker ends by itself when the process that started it is gone, however that came.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from multiprocessing import connection
from typing import Any

from edge3dpose.archive.crew import Crew, Event
from edge3dpose.archive.job import ArchiveJob
from edge3dpose.archive.task import ClipTask
from edge3dpose.archive.worker import ClipWorker

_PATIENCE_S = 5.0  # for a worker to end


class LocalCrew(Crew):
    """Processes that are spawned: nothing of this one goes into them but the job."""

    def __init__(self, job: ArchiveJob) -> None:
        self._job = job
        self._spawn = multiprocessing.get_context("spawn")
        self._workers: dict[int, tuple[Any, Any]] = {}  # number -> process, pipe
        self._hired = 0

    def hire(self) -> int:
        """Start a process."""
        ours, theirs = self._spawn.Pipe()
        process = self._spawn.Process(target=work, args=(theirs, self._job), daemon=True)
        with _nothing_of_this_folder():
            process.start()
        theirs.close()  # its end is the worker's alone: a death closes it
        self._hired += 1
        self._workers[self._hired] = (process, ours)
        return self._hired

    def give(self, worker: int, task: ClipTask) -> None:
        """Send the clip; a worker that is dead meanwhile says so in ``wait``."""
        with contextlib.suppress(OSError):
            self._workers[worker][1].send(task)

    def dismiss(self, worker: int) -> None:
        """Ask it to end."""
        process, pipe = self._workers.pop(worker)
        with contextlib.suppress(OSError):
            pipe.send(None)
        process.join(_PATIENCE_S)
        _end([process])
        pipe.close()

    def wait(self, timeout_s: float) -> list[Event]:
        """One event at most of each worker."""
        pipes = {pipe: number for number, (_, pipe) in self._workers.items()}
        return [self._event(pipes[pipe]) for pipe in connection.wait(list(pipes), timeout_s)]

    def _event(self, worker: int) -> Event:
        process, pipe = self._workers[worker]
        try:
            return Event(worker, **pipe.recv())
        except (EOFError, OSError):
            process.join(_PATIENCE_S)
            _end([process])
            del self._workers[worker]
            pipe.close()
            return Event(worker, "died", _ended_by(process.exitcode))

    def close(self) -> None:
        """Terminate all."""
        _end([process for process, _ in self._workers.values()])
        for _, pipe in self._workers.values():
            pipe.close()
        self._workers.clear()


def work(pipe: Any, job: ArchiveJob) -> None:
    """The worker's process: clips come in, records go out."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the other process's to handle
    threading.Thread(target=_end_with_parent, daemon=True).start()
    worker = ClipWorker(job)
    if (reason := worker.open()) is not None:
        pipe.send({"kind": "refused", "text": reason})
        return
    pipe.send({"kind": "ready"})
    while (task := pipe.recv()) is not None:

        def told(done: int, total: int | None) -> None:
            pipe.send({"kind": "progress", "frames": (done, total)})

        pipe.send({"kind": "finished", "record": worker.process(task, told)})
    worker.close()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextlib.contextmanager
def _nothing_of_this_folder() -> Iterator[None]:
    """A new Python does not import from the folder that it is started in (3.11 and later)."""
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before


def _end(processes: list[Any]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        process.join(_PATIENCE_S)
        if process.is_alive():
            process.kill()
            process.join()


def _ended_by(exitcode: int | None) -> str:
    if exitcode is None or exitcode >= 0:
        return f"the worker ended with exit code {exitcode}"
    name = signal.Signals(-exitcode).name if -exitcode in list(signal.Signals) else -exitcode
    memory = ", perhaps for want of memory" if name == "SIGKILL" else ""
    return f"the worker was ended by {name}{memory}"
