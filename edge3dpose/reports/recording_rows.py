"""Errors on recordings of real people, as types: part of an accuracy report."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge3dpose.records import OTHER_KEYS, Cut, Sha256

OURS, PEER, ANSWER, TRUTH = "ours", "peer", "answer", "truth"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRow:
    """One system on one recording."""

    name: str  # of the recording
    offset_s: float | None  # the true pose of t + offset_s was compared with the frame of t
    # named as in evaluation.motion_errors; None where a figure cannot be told
    figures: dict[str, float | None] = field(metadata=OTHER_KEYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemRow:
    """One system on all recordings that it has an answer for."""

    name: str
    kind: str  # ours; peer: a network run on the same frames; answer: from the file; truth
    cut: Cut | None = None  # of ours
    sha256: Sha256 | None = None  # of a peer's model
    recordings: tuple[RecordingRow, ...]

    @property
    def mean(self) -> dict[str, float | None]:
        """Each figure's mean over the recordings that have it."""
        keys = dict.fromkeys(key for row in self.recordings for key in row.figures)
        return {key: _mean([row.figures.get(key) for row in self.recordings]) for key in keys}


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
