"""What a worker is given, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from edge3dpose.archive.clips import Clip
from edge3dpose.archive.record import ClipRecord


@dataclass(frozen=True, slots=True)
class ClipTask:
    """Something to be done of a clip.

    attempt  1, or 2 where the first worker died
    known    the record of a clip that may still be the same: only its hash is taken then
    step     the clip: all of it, or the plan of a long one; a section of it; or to join them
    number   of the section
    """

    clip: Clip
    attempt: int = 1
    known: ClipRecord | None = None
    step: Literal["clip", "section", "join"] = "clip"
    number: int = 0


@dataclass(frozen=True, slots=True)
class SplitClip:
    """A clip that is long: its plan is written.

    frames  of each section, about
    done    sections that were done before
    """

    frames: tuple[int, ...]
    done: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class SectionDone:
    """A section that is done, or why it failed."""

    number: int
    failed: str = ""


Outcome: TypeAlias = "ClipRecord | SplitClip | SectionDone"
