"""Detectors: where the people are. Each file declares ``PLUGIN``, a ``DetectorPlugin``.

``open_detector(name)`` opens one, ``names()`` are the choices of --detector. Importing a plugin
loads neither OpenCV nor a runtime.
"""

from __future__ import annotations

from edge3dpose import machine, plugins
from edge3dpose.runtime.roi import TrackedPose
from edge3dpose.runtime.tracking import pose_nms
from edge3dpose.types import Box, Frame

FOLDER = "runtime.detectors"
DEFAULT = "follow"


class Detector:
    """Finds the people of a frame. Not thread-safe.

    A box is the ROI of a training crop: its centre is the pelvis, its side spans 2.25 m at the
    person's depth.
    """

    exact_boxes: bool = False  # True: the estimator need not correct the box of a new person

    def __call__(self, frame: Frame) -> list[Box]:
        """The boxes of everybody in a frame; one of somebody known has the track id."""
        raise NotImplementedError

    def quick_search(self, frame: Frame) -> list[Box]:
        """The boxes of a frame in less time; a detector that has a way misses more people so."""
        return self(frame)

    def identify(self, frame: Frame, people: list[TrackedPose]) -> list[TrackedPose]:
        """The people of a frame without duplicates, each with its track id.

        people  a pose out of each box that shows a person, with the track id of that box
        """
        return [people[n] for n in pose_nms.distinct([person.pose for person in people])]

    def for_source(self, *, related: bool, live: bool = False) -> Detector:
        """A detector for the frames of one source, which shares the network but no track.

        related  False where frames are unrelated images
        live     frames come in real time: what is late is used when it is there
        """
        return self

    def close(self) -> None:
        """End what runs beside the loop; a second call does nothing."""


class DetectorPlugin:
    """A kind of detector: base class."""

    name: str = ""
    summary: str = ""  # what it does, in a few words, for --help

    def open(self, *, bf16: bool = False) -> Detector:
        """Open it, with its network.

        bf16  compute in BF16, on a CPU that does: set where the engine computes in it
        Raises EngineMismatch for a damaged network file, MissingDependency without a runtime.
        """
        raise NotImplementedError


def names() -> list[str]:
    """The choices of --detector."""
    return list(plugins.names(FOLDER))


def find(name: str) -> DetectorPlugin:
    """A plugin by name; BadInput with the names there are."""
    return plugins.find(FOLDER, name, DetectorPlugin)


def summary() -> str:
    """What each of them does, for --help."""
    return "; ".join(f"{name}: {find(name).summary}" for name in names())


def open_detector(name: str = DEFAULT, *, bf16: bool = False) -> Detector:
    """Open a detector by name; for each source, call its ``for_source``."""
    opened = find(name).open(bf16=bf16)
    machine.return_unused_memory()  # of networks that were prepared: 25 MB
    return opened
