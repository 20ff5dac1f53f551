"""The speed of engines on this machine, alone and end to end: a request -> a speed report."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from edge3dpose import checks, machine, paths
from edge3dpose.bench import energy
from edge3dpose.bench.candidates import Candidate, deviations_mm, make_candidates
from edge3dpose.bench.footprint import PROTOCOL as FOOTPRINT_PROTOCOL
from edge3dpose.bench.footprint import RepeatedRun, with_footprints
from edge3dpose.bench.mosaic import PROTOCOL as MOSAIC_PROTOCOL
from edge3dpose.bench.mosaic import make_mosaic
from edge3dpose.bench.peers import PROTOCOL as PEERS_PROTOCOL
from edge3dpose.bench.peers import open_peers, peer_names
from edge3dpose.bench.plan import Plan
from edge3dpose.bench.timing import EndToEndRuns, EngineCalls, crowd_timing, measure_in_turn
from edge3dpose.compiler import crops
from edge3dpose.engine_types import Engine, EngineConfig, EngineRequest, ModelSpec
from edge3dpose.errors import BadInput
from edge3dpose.evaluation.peers import errors_by_model
from edge3dpose.pose import PoseEstimator
from edge3dpose.pose_options import MAX_PEOPLE, EstimatorOptions
from edge3dpose.records import from_json
from edge3dpose.reports.accuracy_rows import AccuracyReport
from edge3dpose.reports.rows import (
    EnergyCounters,
    Parity,
    SpeedReport,
    SpeedRow,
    load_folder,
    new_header,
)
from edge3dpose.runtime.detectors import Detector, open_detector
from edge3dpose.runtime.sources import Source, open_source
from edge3dpose.selection.defaults import resolve_all
from edge3dpose.selection.engine import open_file
from edge3dpose.types import Array, Progress

TIMED_PEOPLE = 32  # crops on which the engines are timed alone, in turn
COMPARED_PEOPLE = 16  # of these, on which the deviation from FP32 is measured


@dataclass(frozen=True, slots=True)
class BenchmarkRequest:
    """What ``benchmark`` measures; each field is described there."""

    model: str = "sspnet-lite"
    weights: str | Path | None = None
    cut: str | int = "auto"
    precision: str = "auto"
    backend: str = "auto"
    threads: int | None = None
    engines: str | Path | None = None
    source: str | int = "sample"
    fps: float | None = None
    plan: Plan = field(default_factory=Plan)
    people: tuple[int, ...] = ()
    against: str | None = None
    against_python: str | Path | None = None


def benchmark(
    request: BenchmarkRequest | None = None, *, progress: Progress | None = None, **options: Any
) -> SpeedReport:
    """Time engines on this machine over real frames, in turn, round by round.

    Each engine is timed alone (one call with one person's tensor in memory) and end to end
    (``PoseEstimator.run`` without sinks). Engines are built where the cache has none.

    request   what to measure; None for the defaults
    progress  called with (what is done, share of it)
    options   fields of the request by name:

    model           name of a model, see ``edge3dpose.models.specs()``
    weights         ONNX file of your own with its card beside it; None for the shipped weights
    cut             a number, several with commas ("7,11"), "all" or "auto"
    precision       one or several with commas ("fp32,int8"), or "auto"
    backend         one or several with commas ("onnxruntime,openvino"), or "auto"
    threads         of a CPU backend; None for its own choice
    engines         folder of built engines; None for the usual one
    source          video, folder of images, URL, "sample" or the number of a camera
    fps             stamp the frames of a file so many a second; None for their own time
    plan            ``edge3dpose.bench.plan.Plan``: rounds, calls, frames ...
    people          so many people each, such as (1, 2, 5, 10): also end to end over mosaics of the
                    source's person at 720p
    against         peers, measured in the same run: "mediapipe-lite", "-full" or "-heavy"
    against_python  a Python that has the peers' packages; None for this one

    Returns a SpeedReport: a row an engine with its timings (milliseconds), FPS, error by the model
    card and deviation from FP32 (millimetres), memory (MB) and energy (mJ, where the machine counts
    it); ``refused`` names the engines that cannot be built here, with reasons.
    ``edge3dpose.reports.rows.save`` writes it as JSON.

    Raises BadInput for what cannot be measured (unknown names, a source without people, a live
    source without ``plan.frames``), MissingDependency for a backend or peer that is not installed,
    AccuracyGateFailed where every engine is too far from FP32.

    Example::

        # takes minutes
        report = edge3dpose.benchmark(cut="7,11", backend="openvino", precision="fp32")
        for row in report.rows:
            print(row.name, row.engine.p50_ms, row.end_to_end.fps)
    """
    wanted = checks.request(BenchmarkRequest, request, options)
    checks.function("progress", progress)
    if not isinstance(wanted.plan, Plan):
        raise BadInput(
            f"plan is a {type(wanted.plan).__name__}; wanted an edge3dpose.bench.plan.Plan"
        )
    people = tuple(checks.count("people", count) for count in wanted.people)
    wanted = replace(wanted, people=people)
    if not isinstance(wanted.source, str | int | Path):
        found = type(wanted.source).__name__
        raise BadInput(f"source is a {found}; wanted a file, folder or URL, or a camera's number")
    peers = peer_names(None if wanted.against is None else checks.text("against", wanted.against))
    weights = checks.file_name("weights", wanted.weights)
    asked = EngineRequest(
        wanted.model, weights, wanted.cut, wanted.precision, wanted.backend, wanted.threads
    )
    configs = resolve_all(asked)
    spec, opened_weights = configs[0].spec, configs[0].weights
    first = _first_frame(open_source(wanted.source, wanted.fps))
    if first.live and people:
        raise BadInput("people are measured on mosaics of a clip: --source FILE")
    if first.live and wanted.plan.frames is None:
        raise BadInput(f"{first.source} has no end: say how many frames with --max-frames")
    reports = load_folder(AccuracyReport, paths.home() / "benchmarks") if peers else {}
    errors = errors_by_model(reports, opened_weights.sha256)
    images = _people("sample" if first.live else wanted.source, spec)
    engines = checks.file_name("engines", wanted.engines)
    header = new_header(SpeedReport)
    with ExitStack() as stack:
        meters, lacking = energy.open_meters()
        for meter in meters:
            stack.callback(meter.close)
        python = checks.file_name("against_python", wanted.against_python)
        runs = open_peers(peers, python, first.source, stack)
        candidates, left_out = make_candidates(configs, engines, _opener(stack), progress)
        rows = _measured(candidates, images, wanted, _Beside(meters, runs, progress))
        peer_rows = tuple(run.row(errors) for run in runs)
    load_average, clocks = machine.load_average(), machine.clocks()
    if not first.live:
        run = RepeatedRun(str(wanted.source), wanted.fps, wanted.plan.frames, engines)
        rows = with_footprints(rows, [candidate.config for candidate in candidates], run)
    return SpeedReport(
        header=header,
        source=first.source,
        frame_size=first.size,
        rows=tuple(rows),
        peers=peer_rows,
        peers_protocol=PEERS_PROTOCOL if runs else None,
        load_average_after=None if load_average is None else tuple(load_average),
        clocks_after=clocks,
        model=spec.name,
        weights_sha256=opened_weights.sha256,
        state=opened_weights.card.get("state"),
        fps=wanted.fps,
        plan=asdict(wanted.plan),
        protocol=wanted.plan.text(people=TIMED_PEOPLE, size=first.size, fps=wanted.fps),
        energy=EnergyCounters(counters={m.name: m.covers for m in meters}, lacking=lacking),
        refused=left_out,
        crowds_protocol=MOSAIC_PROTOCOL if wanted.people else None,
        footprint_protocol=None if first.live else FOOTPRINT_PROTOCOL,
    )


@dataclass(frozen=True, slots=True)
class _FirstFrame:
    source: str
    size: str  # WIDTHxHEIGHT
    live: bool


@dataclass(frozen=True, slots=True)
class _Beside:
    """What takes part in the measuring besides the engines."""

    meters: Sequence[energy.Meter]
    peers: Sequence[Any]
    progress: Progress | None


def _first_frame(source: Source) -> _FirstFrame:
    with closing(source):
        frame = next(iter(source), None)
        if frame is None:
            raise BadInput(f"{source.name} gives no frame")
        height, width = frame.image.shape[:2]
        return _FirstFrame(source.name, f"{width}x{height}", source.live)


def _people(source: str | int, spec: ModelSpec) -> Array:
    images = crops.from_source(str(source), spec, TIMED_PEOPLE)
    if not len(images):
        raise BadInput(f"nobody is found in {source}; a benchmark needs frames with people")
    return images


def _opener(stack: ExitStack) -> Callable[[Path, EngineConfig], Engine]:
    """Opens an engine file; the engine is closed with the stack."""

    def opened(file: Path, config: EngineConfig) -> Engine:
        engine = open_file(file, config)
        stack.callback(engine.close)
        return engine

    return opened


def _measured(
    candidates: Sequence[Candidate], images: Array, wanted: BenchmarkRequest, beside: _Beside
) -> list[SpeedRow]:
    """A row a candidate: its deviation from FP32, alone and end to end."""
    people = images[:COMPARED_PEOPLE]
    deviations = deviations_mm(candidates, lambda engine: np.array(engine(people)), people)
    tensors = [images[n : n + 1] for n in range(len(images))]
    calls = [EngineCalls(one.engine, tensors) for one in candidates]
    measure_in_turn(
        calls,
        wanted.plan,
        meters=beside.meters,
        progress=_named("engines alone", beside.progress),
    )
    with _estimators(candidates, max([MAX_PEOPLE, *wanted.people])) as estimators:
        runs = [EndToEndRuns(estimator, _source_of(wanted)) for estimator in estimators]
        measure_in_turn(
            [*runs, *beside.peers],
            wanted.plan,
            meters=beside.meters,
            progress=_named("end to end", beside.progress),
        )
        rows = [
            replace(
                _row(candidate), deviation_mm=mm, engine=alone.timing(), end_to_end=whole.timing()
            )
            for candidate, mm, alone, whole in zip(candidates, deviations, calls, runs, strict=True)
        ]
        for count in wanted.people:
            mosaic = make_mosaic(count, _source_of(wanted))
            for n, estimator in enumerate(estimators):
                timing = crowd_timing(estimator, count, mosaic, wanted.plan)
                rows[n] = replace(rows[n], crowds=(*rows[n].crowds, timing))
    return rows


def _source_of(wanted: BenchmarkRequest) -> Callable[[], Source]:
    return lambda: open_source(wanted.source, wanted.fps)


@contextmanager
def _estimators(candidates: Sequence[Candidate], most: int) -> Iterator[list[PoseEstimator]]:
    """One for each engine, of ``most`` people; the network that finds people is shared."""
    with ExitStack() as stack:

        @functools.cache
        def detector(bf16: bool) -> Detector:
            return stack.enter_context(closing(open_detector(bf16=bf16)))

        options = EstimatorOptions(max_people=most)
        found = [detector(one.config.precision == "bf16") for one in candidates]
        yield [
            PoseEstimator.from_engine(one.config, one.engine, options, detector=finds)
            for one, finds in zip(candidates, found, strict=True)
        ]


def _row(candidate: Candidate) -> SpeedRow:
    """The facts of an engine."""
    config, built = candidate.config, candidate.manifest
    known = config.weights.card.get("cuts") or {}
    parity = built.parity
    return SpeedRow(
        cut=config.cut,
        backend=config.backend,
        precision=config.precision,
        threads=config.threads,
        backend_version=built.backend_version,
        engine_sha256=built.sha256,
        engine_bytes=built.size_bytes,
        parity=from_json(Parity, parity, str(built.engine)) if parity else None,
        error=known.get(str(config.cut), {}),
    )


def _named(what: str, progress: Progress | None) -> Callable[[float], None] | None:
    return None if progress is None else lambda share: progress(what, share)
