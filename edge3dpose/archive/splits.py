"""Which sections of the long clips are left, and how far each clip is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from edge3dpose.archive.task import ClipTask, SplitClip


@dataclass(slots=True)
class _Clip:
    """frames: of each section, about; done: of them, as far as is known."""

    frames: tuple[int, ...]
    done: dict[int, int] = field(default_factory=dict)
    left: set[int] = field(default_factory=set)


class Splits:
    """The long clips of a run."""

    def __init__(self) -> None:
        self._clips: dict[str, _Clip] = {}
        self._failed: set[str] = set()

    def begin(self, task: ClipTask, split: SplitClip) -> list[ClipTask]:
        """What is to be done of a clip whose plan is written."""
        clip = _Clip(split.frames, {n: split.frames[n] for n in split.done})
        clip.left = set(range(len(split.frames))) - split.done
        self._clips[task.clip.key] = clip
        step = replace(task, attempt=1, known=None, step="section")
        sections = [replace(step, number=number) for number in sorted(clip.left)]
        return sections or [replace(step, step="join")]

    def finished(self, task: ClipTask) -> ClipTask | None:
        """A section is done; the joint where it was the last one."""
        clip = self._clips[task.clip.key]
        clip.left.discard(task.number)
        clip.done[task.number] = clip.frames[task.number]
        if clip.left or task.clip.key in self._failed:
            return None
        return replace(task, attempt=1, step="join")

    def note(self, task: ClipTask, frames: int) -> None:
        """So many frames of a section are done; 0 where its worker died."""
        self._clips[task.clip.key].done[task.number] = frames

    def has_failed(self, key: str) -> bool:
        """Whether a section of a clip has failed: the others are of no use in this run."""
        return key in self._failed

    def fail(self, key: str) -> bool:
        """A clip has failed; False where that is known, by another section."""
        known = key in self._failed
        self._failed.add(key)
        return not known

    @property
    def running(self) -> Mapping[str, tuple[int, int]]:
        """Clip -> frames done, of all."""
        return {
            key: (sum(clip.done.values()), sum(clip.frames)) for key, clip in self._clips.items()
        }
