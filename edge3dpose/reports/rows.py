"""What the reports say, as types; one class is one JSON object of a report file.

edge3dpose benchmark writes a SpeedReport. Other reports: build_rows.py (build-engine),
accuracy_rows.py (evaluate, benchmarks/ablate.py), governor_rows.py (benchmarks/governor.py).
Times are in milliseconds, errors in millimetres, unless a name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

from edge3dpose import machine, storage
from edge3dpose.metrics import error_with_deviation_mm
from edge3dpose.records import INLINE, Amount, Count, Cut, Sha256, from_json, to_json


class Report(Protocol):
    """A dataclass that is written as a JSON file with a schema of its own."""

    KIND: ClassVar[str]  # of the schema edge3dpose.KIND/1
    __dataclass_fields__: ClassVar[dict[str, Any]]


SomeReport = TypeVar("SomeReport", bound=Report)


def load(kind: type[SomeReport], file: Path) -> SomeReport:
    """The report in a file; BadInput names the file and the field that is wrong."""
    content = storage.load_json(file, f"edge3dpose.{kind.KIND}/1")
    return from_json(kind, content, str(file))


def load_folder(kind: type[SomeReport], folder: Path) -> dict[str, SomeReport]:
    """The reports of one kind in a folder, by file name; BadInput for one that is damaged."""
    contents = {file: storage.read_json(file) for file in sorted(folder.glob("*.json"))}
    return {
        file.name: from_json(kind, content, str(file))
        for file, content in contents.items()
        if content.get("schema") == f"edge3dpose.{kind.KIND}/1"
    }


def save(report: Report, file: Path) -> None:
    """Write a report, whole or not at all."""
    storage.save_json(file, to_json(report))


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What a report was measured on, see edge3dpose.machine."""

    processor: str
    instructions: tuple[str, ...]
    cores: Count
    memory_gb: Amount | None
    gpus: tuple[str, ...]
    cuda_driver: str | None
    system: str
    python: str
    versions: dict[str, str]
    load_average: tuple[Amount, ...] | None
    scheduling: str
    clocks: dict[str, Any] | None = None  # None in a report that does not say

    @property
    def name(self) -> str:
        """GPUs and processor in a line."""
        return f"{', '.join([*self.gpus, self.processor])}, {self.cores} cores"


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What every report begins with."""

    schema: str
    time: str  # ISO 8601, UTC
    commit: str | None = None
    machine: Machine


def new_header(kind: type[Report]) -> Header:
    """The header of a report of this kind that is made here and now."""
    return from_json(Header, machine.report_header(kind.KIND), "this machine")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimingStats:
    """Times of one thing that was done n times."""

    n: Count
    fps: Amount  # 1000 / mean_ms
    mean_ms: Amount
    min_ms: Amount
    p50_ms: Amount
    p90_ms: Amount
    p95_ms: Amount
    p99_ms: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineTiming(TimingStats):
    """Calls of an engine with one person's tensor ready in memory."""

    rounds_p50_ms: tuple[Amount, ...]  # median of each round
    mj_per_call: dict[str, Amount] | None  # energy by counter


MOST_MS = 250  # of the counts of frames: the last holds all that took as long or longer


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameTiming(TimingStats):
    """Times of frames, and how many took how long."""

    by_ms: tuple[Count, ...] = ()  # frames that took 0 to 1 ms, 1 to 2 ms ..., MOST_MS or longer


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopTiming:
    """A whole pipeline over frames, reading them included."""

    frames_processed: Count
    frames_with_people: Count
    fps: Amount
    rounds_fps: tuple[Amount, ...]
    frame: FrameTiming | None
    mj_per_frame: dict[str, Amount] | None  # energy by counter


@dataclass(frozen=True, slots=True, kw_only=True)
class EndToEndTiming(LoopTiming):
    """The loop of edge3dpose run without sinks."""

    frames_offered: Count
    frames_dropped: Count
    oldest_result_ms: Amount
    stages: dict[str, TimingStats]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """Distance of a built engine from FP32 on real people."""

    mm_p50: Amount
    mm_p99: Amount
    mm_max: Amount
    tolerance_mm: dict[str, Amount]
    crops: Count  # people compared
    crops_sha256: Sha256
    reference: str
    ran: str
    not_run: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """Memory, start and CPU time of a process; None where the system does not say."""

    peak_mb: Amount | None
    open_s: Amount
    first_pose_s: Amount | None  # after it was open
    cpu_ms_per_frame: Amount | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrowdTiming:
    """The whole loop over a mosaic of so many people."""

    people: Count
    found: Amount  # people a frame, mean
    fps: Amount
    frame: FrameTiming | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedRow:
    """One engine: which one, its error, and how long it takes."""

    cut: Cut
    backend: str
    precision: str
    threads: Count | None
    backend_version: str
    engine_sha256: Sha256
    engine_bytes: Count
    parity: Parity | None
    error: dict[str, float]  # FP32 errors of the cut by the model card; empty where unknown
    deviation_mm: Amount | None = None  # of the engine from FP32, on people of the source
    engine: EngineTiming | None = None
    end_to_end: EndToEndTiming | None = None
    footprint: Footprint | None = None
    crowds: tuple[CrowdTiming, ...] = ()  # with --people

    @property
    def runner(self) -> str:
        """Backend and precision."""
        return f"{self.backend} {self.precision}"

    @property
    def name(self) -> str:
        """The engine in words."""
        return f"cut {self.cut}, {self.runner}"

    def error_mm(self, figure: str = "mpjpe_mm") -> float | None:
        """The cut's FP32 error and the engine's deviation, added in squares; None if unknown."""
        fp32_mm = self.error.get(figure)
        return None if fp32_mm is None else error_with_deviation_mm(fp32_mm, self.deviation_mm or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnError:
    """Our error on the people that a peer saw."""

    cut: Cut
    mpjpe_mm: Amount
    pa_mpjpe_mm: Amount | None = None
    pck150: Amount | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerError:
    """Error of a peer's model on one data set, by an accuracy report."""

    mpjpe_mm: Amount
    pa_mpjpe_mm: Amount | None = None
    pck150: Amount | None = None
    people: Count
    seen: Count  # of the people; only those are scored
    ours: OwnError | None = None
    report: str | None = None  # file name


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerRow:
    """Another pipeline, measured in the same run."""

    name: str
    version: str
    model: str
    model_sha256: Sha256
    error: dict[str, PeerError]  # by data set; empty where unknown
    end_to_end: LoopTiming
    footprint: Footprint | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyCounters:
    """Energy counters of the machine: what each covers, and why the others were not read."""

    counters: dict[str, str]
    lacking: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """An engine that was asked for and could not be measured."""

    cut: Cut
    backend: str
    precision: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedReport:
    """Speeds of engines and peers on one machine, edge3dpose.speed/1."""

    KIND: ClassVar[str] = "speed"

    header: Header = field(metadata=INLINE)
    source: str
    frame_size: str  # WIDTHxHEIGHT
    rows: tuple[SpeedRow, ...]
    peers: tuple[PeerRow, ...] = ()
    peers_protocol: str | None = None
    load_average_after: tuple[Amount, ...] | None
    clocks_after: dict[str, Any] | None = None
    model: str
    weights_sha256: Sha256
    state: str | None
    fps: Amount | None  # frames were stamped so many a second; None for their own time
    plan: dict[str, Any] | None = None
    protocol: str
    energy: EnergyCounters | None = None
    refused: tuple[LeftOut, ...]
    crowds_protocol: str | None = None
    footprint_protocol: str | None = None
