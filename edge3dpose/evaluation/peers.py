"""MediaPipe Pose on the images that we are evaluated on, in the same run, by the same metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from edge3dpose import storage
from edge3dpose.evaluation import accuracy
from edge3dpose.evaluation.predictions import Person, Poses
from edge3dpose.records import from_json
from edge3dpose.reports.accuracy_rows import AccuracyReport
from edge3dpose.reports.rows import OwnError, PeerError
from edge3dpose.types import Array, Image

See = Callable[[Image], Array | None]  # picture -> joints (17, 3) mm, None where it sees nobody

FEW = 50  # images for which errors are reported one by one
FEWEST_PEOPLE = 100  # a data set with fewer checks its reader; it measures no error
_COMPARED = ("mpjpe_mm", "pa_mpjpe_mm", "pck150")

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


def accuracy_reports(folder: Path) -> dict[str, AccuracyReport]:
    """The accuracy reports in a folder by file name; BadInput for one that is damaged."""
    found = {}
    for file in sorted(folder.glob("*.json")):
        content = storage.read_json(file)
        if str(content.get("schema")) == f"edge3dpose.{AccuracyReport.KIND}/1":
            found[file.name] = from_json(AccuracyReport, content, str(file))
    return found


def errors_by_model(
    reports: Mapping[str, AccuracyReport], weights_sha256: str
) -> dict[str, dict[str, PeerError]]:
    """sha256 of a peer's model -> name of a data set -> its errors there.

    reports         by file name
    weights_sha256  ours: our errors on the same people are those of these weights alone
    """
    found: dict[str, dict[str, PeerError]] = {}
    for file, report in reports.items():
        analysis = report.analysis
        for peer in analysis.peers if analysis else ():
            if peer.people < FEWEST_PEOPLE or not peer.figures:
                continue
            assert analysis is not None
            ours = peer.ours_on_the_same if report.weights_sha256 == weights_sha256 else None
            found.setdefault(peer.sha256, {})[report.dataset.name] = PeerError(
                **{name: peer.figures[name] for name in _COMPARED},
                people=peer.people,
                seen=peer.seen,
                ours=None
                if ours is None
                else OwnError(cut=analysis.best_cut, **{name: ours[name] for name in _COMPARED}),
                report=file,
            )
    return found
