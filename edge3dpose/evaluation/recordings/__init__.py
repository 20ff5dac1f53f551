"""Recordings of real people whose joints were measured over time. Each file is one format.

A file of this folder declares ``PROTOCOL``, a line of what is measured, and
``open_recordings(root) -> list[Recording]``, which raises BadInput where there are none. Its name
is what users type after --dataset.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from edge3dpose import plugins
from edge3dpose.metrics import Floats
from edge3dpose.types import Camera

FOLDER = "evaluation.recordings"


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """A person's joints over time, NaN where unknown."""

    time_s: Floats  # (F,) ascending
    joints_mm: Floats  # (F, J, 3)


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """A video of one person and the person's true motion.

    name      of the clip or of the view
    video     file
    names     (J,) of the truth's joints, which are some of h36m17's; both hips among them
    truth     in the camera's axes where the camera is known, else in any that stand still
    camera    None where nobody calibrated it
    offset_s  a frame at t shows the truth at t + offset_s; None where it is to be searched for
    answers   by other systems for the same clip, of the same joints, each in axes of its own
    """

    name: str
    video: Path
    names: tuple[str, ...]
    truth: Motion
    camera: Camera | None = None
    offset_s: float | None = None
    answers: Mapping[str, Motion] = field(default_factory=dict)


def formats() -> tuple[str, ...]:
    """The formats there are, as users type them."""
    return plugins.names(FOLDER)


def find(name: str) -> ModuleType:
    """The file of a format."""
    return plugins.load(FOLDER, name)
