"""Errors of a model's cuts and of short trainings, as types: accuracy and ablation reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from edge3dpose.records import INLINE, OTHER_KEYS, Amount, Count, Cut, Sha256, Share, named
from edge3dpose.reports.recording_rows import SystemRow
from edge3dpose.reports.rows import Header


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """What an accuracy report was measured on."""

    name: str
    protocol: str
    facts: dict[str, Any] = field(metadata=OTHER_KEYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccuracyRow:
    """Errors of one cut."""

    cut: Cut
    # named as in evaluation.accuracy; None where a figure is not finite
    figures: dict[str, float | None] = field(metadata=OTHER_KEYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleBin:
    """Mean error of the people for whom a fact lies between two values."""

    lowest: float = field(metadata=named("from"))
    highest: float = field(metadata=named("to"))
    people: Count
    mpjpe_mm: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class JointBin:
    """Mean error of the joints for which a value of the network lies between two values."""

    lowest: float = field(metadata=named("from"))
    highest: float = field(metadata=named("to"))
    joints: Count
    error_mm: Amount | None  # of those in the crop; None where there are none
    inside: Share  # share that lies in the crop


@dataclass(frozen=True, slots=True, kw_only=True)
class PoseErrors:
    """Errors on one picture; None where too few joints lie in the crop."""

    mpjpe_mm: Amount | None
    pa_mpjpe_mm: Amount | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRow(PoseErrors):
    """Our errors on one picture, by name."""

    name: str
    root_depth_mm: Amount  # true
    root_depth_error_mm: float  # estimated - true


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerAccuracy:
    """A peer's network on the people that we are measured on."""

    name: str
    sha256: Sha256
    people: Count
    seen: Count  # of the people; only those are scored
    ours_on_the_same: dict[str, float] | None = None
    one_by_one: tuple[PoseErrors | None, ...] | None = None
    figures: dict[str, float] = field(metadata=OTHER_KEYS)  # empty where it saw nobody


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorAnalysis:
    """Where the 3D error of the best cut lies."""

    best_cut: Cut
    with_bone_lengths: dict[str, float] | None = None
    by_fact: dict[str, tuple[PeopleBin, ...]]
    by_joint_mm: dict[str, Amount]
    root_depth_error: dict[str, float] | None = None  # share of the depth, by method
    by_score: tuple[JointBin, ...]
    by_depth_std: tuple[JointBin, ...]  # empty where the network gives no depth_std
    one_by_one: tuple[PictureRow, ...] | None = None
    peers_protocol: str | None = None
    peers: tuple[PeerAccuracy, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccuracyReport:
    """Errors of a model's cuts on one data set, edge3dpose.accuracy/1."""

    KIND: ClassVar[str] = "accuracy"

    header: Header = field(metadata=INLINE)
    model: str
    weights_sha256: Sha256
    state: str | None
    dataset: Dataset
    cuts: tuple[AccuracyRow, ...]  # on recordings: the means over them
    analysis: ErrorAnalysis | None = field(metadata=INLINE)  # None for 2D agreement
    recordings: tuple[SystemRow, ...] = ()  # of real people: each of our cuts, and other systems


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One short training of an ablation."""

    name: str
    samples: Count
    figures: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class AblationReport:
    """Short trainings that differ in one thing, edge3dpose.ablation/1."""

    KIND: ClassVar[str] = "ablation"

    header: Header = field(metadata=INLINE)
    model: str
    protocol: str
    trials: tuple[Trial, ...]
