"""Follows the people of the last frame, and four times a second searches for new ones.

The search runs in a thread beside the loop. No frame waits for it but the first of a run, which
waits for a quick one where that finds somebody; a thorough one follows beside the loop.
"""

from __future__ import annotations

import math

from edge3dpose.runtime.detectors import Detector, DetectorPlugin, nanodet
from edge3dpose.runtime.roi import TrackedPose
from edge3dpose.runtime.tracking.found import Snapshot, is_clear, new_people, snapshot
from edge3dpose.runtime.tracking.search import Background, Searcher
from edge3dpose.runtime.tracking.tracker import Tracker
from edge3dpose.types import Box, Frame

EVERY_S = 0.25  # time between searches while people are followed
NOBODY_S = 0.1  # while nobody is
CONFIRMS = 0.15  # score of a box that confirms who is followed


class FollowPlugin(DetectorPlugin):
    """Follow people, and search with NanoDet."""

    name = "follow"
    summary = "search four times a second, follow in between"

    def open(self, *, bf16: bool = False) -> Detector:
        """Open NanoDet."""
        return FollowAnew(Searcher(nanodet.PLUGIN.open(bf16=bf16, min_score=CONFIRMS)))


class SearchEach(Detector):
    """Searches each frame, as of unrelated images."""

    def __init__(self, searcher: Searcher) -> None:
        self._searcher = searcher

    def __call__(self, frame: Frame) -> list[Box]:
        """Everybody in the frame."""
        return new_people(self._searcher.now(frame))

    def identify(self, frame: Frame, people: list[TrackedPose]) -> list[TrackedPose]:
        """The people without duplicates."""
        return super().identify(frame, [person for person in people if is_clear(person)])


class FollowAnew(SearchEach):
    """Gives each source a detector of its own; all of them search with the same network."""

    def for_source(self, *, related: bool, live: bool = False) -> Detector:
        """Follows anew; unrelated images cannot be followed: each is searched."""
        return Follow(self._searcher, live=live) if related else SearchEach(self._searcher)

    def close(self) -> None:
        """End the searches, those of all sources."""
        self._searcher.close()


class Follow(Detector):
    """The people of one source, followed.

    live  False where results must not depend on how long a search takes
    """

    def __init__(self, searcher: Searcher, *, live: bool = False) -> None:
        self._searcher = searcher
        self._search = Background(searcher, live=live)
        self._tracker = Tracker()
        self._searched_s = -math.inf
        self._then: Snapshot | None = None  # of the frame that is searched
        self._urgent = False  # somebody was lost in the last frame

    def __call__(self, frame: Frame) -> list[Box]:
        """The ROIs of the people who are followed, of new ones, and of those who may be back."""
        if self._searched_s == -math.inf:
            return self._first(frame)
        found = self._search.result()
        new: list[Box] = []
        if found is not None:
            assert self._then is not None
            new = self._tracker.confirm(found, self._then, frame.time_s)
        boxes = self._tracker.rois(frame)
        if self._search.free and self._is_due(frame, boxes):
            self._search.submit(frame, thorough=not boxes)  # with nobody followed there is time
            self._then, self._searched_s, self._urgent = None, frame.time_s, False
        return [*boxes, *new]

    def identify(self, frame: Frame, people: list[TrackedPose]) -> list[TrackedPose]:
        """The people without duplicates, each with its id."""
        before = len(self._tracker.followed)
        named = self._tracker.identify(people, frame.time_s)
        self._urgent |= len(named) < before
        if self._then is None:
            self._then = snapshot(self._tracker.followed, frame)
        return named

    def close(self) -> None:
        """Drop the search under way."""
        self._search.close()

    def _first(self, frame: Frame) -> list[Box]:
        self._searched_s = frame.time_s
        found = new_people(self._searcher.now(frame, quick=True))
        if not found:
            return new_people(self._searcher.now(frame))
        self._search.submit(frame, thorough=True)  # small ones
        return found

    def _is_due(self, frame: Frame, boxes: list[Box]) -> bool:
        waited_s = frame.time_s - self._searched_s
        return self._urgent or waited_s >= (EVERY_S if boxes else NOBODY_S)


PLUGIN = FollowPlugin()
