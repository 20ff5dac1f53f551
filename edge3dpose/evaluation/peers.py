"""MediaPipe Pose on the pictures that we are measured on, in the same run, by the same ruler."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from edge3dpose.evaluation import accuracy
from edge3dpose.evaluation.predictions import Person, Poses
from edge3dpose.types import Array, Image

See = Callable[[Image], Array | None]  # picture -> joints (17, 3) mm, None where it sees nobody

FEW = 50  # pictures that are told one by one

PROTOCOL = (
    "MediaPipe's landmark network on the same crop, squared up in three looks as it does itself; "
    "world landmarks mapped to our joints; scored where it says that somebody is there"
)


class Peer:
    """One of MediaPipe's pose networks, and what it said so far."""

    def __init__(self, name: str, sha256: str, see: See) -> None:
        self.name, self.sha256, self._see = name, sha256, see
        self._found: list[Array | None] = []

    def look_at(self, person: Person) -> None:
        """Remember what it says of a person."""
        self._found.append(self._see(person.image))

    def scored(self, ours: Poses, row: int, *, root: int) -> dict[str, Any]:
        """Its figures, and ours of one cut on the people that it saw."""
        saw = np.array([found is not None for found in self._found])
        said: dict[str, Any] = {"name": self.name, "sha256": self.sha256, "people": len(saw)}
        said["seen"] = int(saw.sum())
        if not saw.any():
            return said
        found = np.array([one for one in self._found if one is not None])
        true, inside = ours.true_mm[saw], ours.inside[saw]
        said |= accuracy.figures(found, true, inside, root)
        mine = accuracy.figures(ours.found_mm[row][saw], true, inside, root)
        said["ours_on_the_same"] = mine
        if len(saw) <= FEW:
            said["one_by_one"] = [
                None if one is None else _alone(one, ours, n, root)
                for n, one in enumerate(self._found)
            ]
        return said


def _alone(found: Array, ours: Poses, n: int, root: int) -> dict[str, float]:
    """MPJPE and PA-MPJPE of what was said of the n-th person."""
    true, inside = ours.true_mm[n : n + 1], ours.inside[n : n + 1]
    figures = accuracy.figures(found[None], true, inside, root)
    return {name: figures[name] for name in ("mpjpe_mm", "pa_mpjpe_mm")}


def shown_to(people: Iterable[Person], peers: list[Peer]) -> Iterator[Person]:
    """The people, each shown to the peers first."""
    for person in people:
        for peer in peers:
            peer.look_at(person)
        yield person
