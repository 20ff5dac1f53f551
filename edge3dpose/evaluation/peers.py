"""MediaPipe Pose on the images that we are evaluated on, in the same run, by the same metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from edge3dpose import paths
from edge3dpose.evaluation import accuracy
from edge3dpose.evaluation.error_analysis import FEW
from edge3dpose.evaluation.predictions import Person, Poses
from edge3dpose.reports.accuracy_rows import AccuracyReport, PeerAccuracy, PoseErrors
from edge3dpose.reports.rows import OwnError, PeerError
from edge3dpose.types import Array, Box, Image

Predict = Callable[[Image], Array | None]  # image -> joints (17, 3) mm, None where it sees nobody

FEWEST_PEOPLE = 100  # a data set with fewer checks its reader; it measures no error
_COMPARED = ("mpjpe_mm", "pa_mpjpe_mm", "pck150")

PROTOCOL = (
    "MediaPipe's landmark network on the same crop, squared up in three looks as it does itself; "
    "world landmarks mapped to our joints; scored where it says that somebody is there"
)


class Peer:
    """One of MediaPipe's pose networks, and its predictions so far."""

    def __init__(self, name: str, sha256: str, predict: Predict) -> None:
        self.name, self.sha256, self._predict = name, sha256, predict
        self._found: list[Array | None] = []

    def add(self, person: Person) -> None:
        """Predict a person's pose."""
        self._found.append(self._predict(person.image))

    def errors(self, ours: Poses, row: int, *, root: int) -> PeerAccuracy:
        """Its errors, and ours of one cut on the people that it saw."""
        saw = np.array([found is not None for found in self._found])
        seen = int(saw.sum())
        nothing_seen = PeerAccuracy(
            name=self.name, sha256=self.sha256, people=len(saw), seen=seen, figures={}
        )
        if not seen:
            return nothing_seen
        found = np.array([one for one in self._found if one is not None])
        true, inside = ours.true_mm[saw], ours.inside[saw]
        return replace(
            nothing_seen,
            figures=accuracy.defined(accuracy.figures(found, true, inside, root)),
            ours_on_the_same=accuracy.defined(
                accuracy.figures(ours.found_mm[row][saw], true, inside, root)
            ),
            one_by_one=self._one_by_one(ours, root) if len(saw) <= FEW else None,
        )

    def _one_by_one(self, ours: Poses, root: int) -> tuple[PoseErrors | None, ...]:
        return tuple(
            None if found is None else _errors_of(found, ours, n, root)
            for n, found in enumerate(self._found)
        )


def open_peer(file: Path) -> Peer:
    """One of MediaPipe's landmark networks, its world landmarks mapped to our joints."""
    from edge3dpose.training.teacher import blazepose, convention

    network, ours = blazepose.open_teacher(file), convention.load()

    def predict(image: Image) -> Array | None:
        height, width = image.shape[:2]
        found = blazepose.landmarks_in_box(network, image, Box(0, 0, width, height))
        return None if found is None else (ours @ found.world_mm).astype(np.float32)

    return Peer(file.stem, paths.sha256_of(file), predict)


def _errors_of(found: Array, ours: Poses, n: int, root: int) -> PoseErrors:
    """Errors of a prediction of the n-th person."""
    true, inside = ours.true_mm[n : n + 1], ours.inside[n : n + 1]
    figures = accuracy.defined(accuracy.figures(found[None], true, inside, root))
    return PoseErrors(mpjpe_mm=figures.get("mpjpe_mm"), pa_mpjpe_mm=figures.get("pa_mpjpe_mm"))


def shown_to(people: Iterable[Person], peers: list[Peer]) -> Iterator[Person]:
    """The people; each peer predicts each of them first."""
    for person in people:
        for peer in peers:
            peer.add(person)
        yield person


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
            if peer.people < FEWEST_PEOPLE or not {*_COMPARED} <= {*peer.figures}:
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
