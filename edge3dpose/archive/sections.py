"""Long clips in sections: where each begins and ends, and what lies on the disk of them meanwhile.

A section is read from a key frame on. Its first poses are not used: they are those of the section
before, while tracker, lift and filters get warm, and by them people are recognised (join).

OUT/sections/CLIP/plan.json    where the sections are, and of which clip and pipeline
OUT/sections/CLIP/0003.jsonl   the poses of a section
OUT/sections/CLIP/0003.json    written after them: the section is done
"""

from __future__ import annotations

import contextlib
import math
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from edge3dpose import storage
from edge3dpose.archive.clips import Clip
from edge3dpose.errors import BadInput
from edge3dpose.records import Amount, Count, Sha256, from_json, to_json
from edge3dpose.runtime.sources._section import FrameTimes, Reach

OVERLAP_S = 30.0  # bone lengths are medians of so long; at most half a section
_PLAN, _DONE = "edge3dpose.archive-sections/1", "edge3dpose.archive-section/1"
_SHORTEST = 0.5  # of a section; a shorter rest is left with the one before


@dataclass(frozen=True, slots=True)
class Span:
    """A section: read from the key frame at first_s, its poses used from from_s until until_s.

    from_s and until_s are in the middle between two frames; until_s is None to the end.
    """

    first_s: Amount
    from_s: Amount
    until_s: Amount | None

    @property
    def text(self) -> str:
        """'600.0 s to 1200.0 s'."""
        end = "the end" if self.until_s is None else f"{self.until_s:.1f} s"
        return f"{self.from_s:.1f} s to {end}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The sections of a clip.

    length_s   of a section, as it was asked for
    elapsed_s  and cpu_s: to hash the clip and to find the sections
    """

    schema: str = _PLAN
    clip: str
    sha256: Sha256
    bytes: Count
    mtime_ns: int
    pipeline: dict[str, Any]
    length_s: Amount
    origin_s: float
    frames: Count
    total_s: Amount
    spans: tuple[Span, ...]
    elapsed_s: Amount = 0.0
    cpu_s: Amount = 0.0

    def is_of(self, clip: Clip) -> bool:
        """Whether the clip has not been changed since."""
        return (self.bytes, self.mtime_ns) == (clip.size, clip.mtime_ns)

    def frames_of(self, number: int) -> int:
        """About how many frames are read for a section."""
        span = self.spans[number]
        span_s = (self.total_s if span.until_s is None else span.until_s) - span.first_s
        return max(1, round(self.frames * span_s / self.total_s))

    def reach(self, number: int) -> Reach:
        """What is read for a section."""
        span = self.spans[number]
        return Reach(span.first_s, span.until_s, self.origin_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionRecord:
    """A section that is done; fields as in ClipRecord. ``reason``: what could not be read."""

    schema: str = _DONE
    number: Count
    bytes: Count
    frames: Count
    reason: str | None = None
    attempts: Count = 1
    size_px: tuple[Count, ...] = ()
    elapsed_s: Amount = 0.0
    cpu_s: Amount = 0.0
    stage_ms: dict[str, Amount] = field(default_factory=dict)
    peak_mb: Amount | None = None
    host: str = ""


def begun_clips(out: Path) -> int:
    """Clips of an archive of which sections are planned or done, and not joined yet."""
    return sum(1 for _ in (out / "sections").rglob("plan.json"))


def spans_of(times: FrameTimes, length_s: float) -> tuple[Span, ...]:
    """Sections of about this length; a single one where there are too few key frames."""
    frames_s, keys_s = times.times_s, times.keys_s
    overlap_s, total_s = min(OVERLAP_S, length_s / 2), float(frames_s[-1])
    shortest_s = _SHORTEST * length_s
    cuts: list[tuple[float, float]] = []  # first_s, from_s
    count = math.ceil(total_s / length_s)
    for number in range(1, count):
        before_s = cuts[-1][1] if cuts else 0.0
        wanted_s = number * total_s / count - overlap_s
        later = keys_s[keys_s >= max(wanted_s, before_s)]
        if not len(later):
            break
        first_s = float(later[0])
        at = int(np.searchsorted(frames_s, first_s + overlap_s))
        if not 0 < at < len(frames_s) or total_s - frames_s[at] < shortest_s:
            break
        from_s = float(frames_s[at - 1] + frames_s[at]) / 2
        if from_s - before_s >= shortest_s:
            cuts.append((first_s, from_s))
    begins = [(0.0, 0.0), *cuts]
    ends = [from_s for _, from_s in cuts]
    return tuple(Span(*begin, end) for begin, end in zip(begins, [*ends, None], strict=True))


class SectionsFolder:
    """The files of a clip's sections."""

    def __init__(self, out: Path, key: str) -> None:
        self._top, self._work = out / "sections", out / "work"
        self._place = self._top / key

    def poses(self, number: int) -> Path:
        """The poses of a section."""
        return self._place / f"{number:04d}.jsonl"

    def begin(self, plan: Plan) -> None:
        """Write the plan, in the place of what was there of another one."""
        self.discard()
        storage.save_json(self._place / "plan.json", to_json(plan) | {"schema": _PLAN})

    def plan(self, clip: Clip, pipeline: Mapping[str, Any], length_s: float) -> Plan | None:
        """The plan that is there for this clip; its hash has to be compared."""
        with contextlib.suppress(BadInput):
            plan = self.read_plan()
            same = plan.clip == clip.key and plan.length_s == length_s and plan.is_of(clip)
            if same and plan.pipeline == dict(pipeline):
                return plan
        return None

    def read_plan(self) -> Plan:
        """BadInput where there is none."""
        file = self._place / "plan.json"
        return from_json(Plan, storage.load_json(file, _PLAN), str(file))

    def save(self, record: SectionRecord, work: Path) -> None:
        """Give the poses of a section their name, then say that it is done."""
        storage.move(work, self.poses(record.number))
        storage.save_json(self._record(record.number), to_json(record) | {"schema": _DONE})

    def done(self, plan: Plan) -> dict[int, SectionRecord]:
        """The sections of the plan that are done."""
        found = {}
        for number in range(len(plan.spans)):
            with contextlib.suppress(BadInput, OSError):
                content = storage.load_json(self._record(number), _DONE)
                record = from_json(SectionRecord, content, str(self._record(number)))
                if self.poses(number).stat().st_size == record.bytes:
                    found[number] = record
        return found

    def discard(self) -> None:
        """Remove them, with the folders that are empty then."""
        if not self._place.exists():
            return
        gone = self._work / uuid.uuid4().hex  # what a kill leaves there is removed later
        with contextlib.suppress(OSError):
            self._work.mkdir(exist_ok=True)
            self._place.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)
        for place in (self._place, *self._place.parents):
            if place == self._top.parent:
                return
            with contextlib.suppress(OSError):
                place.rmdir()

    def _record(self, number: int) -> Path:
        return self._place / f"{number:04d}.json"
