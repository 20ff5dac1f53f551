"""Workers as actors of Ray, on one machine or many: a thin adapter, the work is the same.

Paths go out and records come back: nothing else goes through Ray's object store. Every machine
must have this package, and see the clips and the archive's folder under the same paths.
"""

from __future__ import annotations

import os
from typing import Any

from edge3dpose.archive.crew import Crew, Event
from edge3dpose.archive.job import ArchiveJob
from edge3dpose.archive.task import ClipTask
from edge3dpose.archive.worker import ClipWorker
from edge3dpose.errors import BadInput, MissingDependency


class RayCrew(Crew):
    """Actors that hold ``threads`` CPUs each; without a free CPU an actor waits for one.

    address  of a Ray cluster, "auto" for the one that this machine is in, "local" for a new one
    """

    def __init__(self, job: ArchiveJob, address: str, threads: int) -> None:
        self._ray = _package()
        try:
            self._ray.init(address=address, log_to_driver=False, logging_level="ERROR")
        except Exception as error:  # Ray's own are of many kinds
            line = " ".join(str(error).split())[:200]
            raise BadInput(f"no Ray cluster at {address}: {line}") from None
        self._actor = self._ray.remote(num_cpus=threads, max_restarts=0)(ClipWorker)
        self._job = job
        self._actors: dict[int, Any] = {}
        self._awaited: dict[Any, tuple[int, str]] = {}  # what a call gives -> worker, kind
        self._hired = 0

    @property
    def cpus(self) -> int:
        """CPUs of the cluster."""
        return max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def hire(self) -> int:
        """Start an actor."""
        self._hired += 1
        actor = self._actor.remote(self._job)
        self._actors[self._hired] = actor
        self._awaited[actor.open.remote()] = (self._hired, "ready")
        return self._hired

    def give(self, worker: int, task: ClipTask) -> None:
        """Call the actor."""
        self._awaited[self._actors[worker].process.remote(task)] = (worker, "finished")

    def dismiss(self, worker: int) -> None:
        """End the actor."""
        self._ray.kill(self._actors.pop(worker))
        self._awaited = {ref: of for ref, of in self._awaited.items() if of[0] != worker}

    def wait(self, timeout_s: float) -> list[Event]:
        """Calls that ended, one way or the other."""
        if not self._awaited:
            return []
        ended, _ = self._ray.wait(list(self._awaited), num_returns=1, timeout=timeout_s)
        return [self._event(ref) for ref in ended]

    def _event(self, ref: Any) -> Event:
        worker, kind = self._awaited.pop(ref)
        try:
            given = self._ray.get(ref)
        except self._ray.exceptions.RayError as error:
            self._actors.pop(worker, None)
            line = " ".join(str(error).split())[:300]
            return Event(worker, "died", f"the actor died: {line}")
        if kind == "finished":
            return Event(worker, "finished", record=given)
        return Event(worker, "ready") if given is None else Event(worker, "refused", given)

    def close(self) -> None:
        """End the actors, and leave the cluster."""
        for actor in self._actors.values():
            self._ray.kill(actor)
        self._actors.clear()
        self._awaited.clear()
        self._ray.shutdown()


def _package() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # this package calls nobody
    try:
        import ray
        import ray.exceptions
    except ImportError:
        raise MissingDependency('--ray needs Ray; pip install "edge3dpose[ray]"') from None
    return ray
