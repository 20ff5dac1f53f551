"""The measuring of edge3dpose benchmark: options -> a speed report."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edge3dpose import machine
from edge3dpose.bench import energy, timing
from edge3dpose.bench import peer_wanted as against
from edge3dpose.bench.candidates import add_deviations, chosen, opened
from edge3dpose.bench.footprint import PROTOCOL as FOOTPRINT_PROTOCOL
from edge3dpose.bench.footprint import add_footprints
from edge3dpose.bench.peer_timing import PROTOCOL as PEERS_PROTOCOL
from edge3dpose.bench.peer_timing import PeerRun
from edge3dpose.bench.surroundings import around, opener
from edge3dpose.commands._progress import steps
from edge3dpose.compiler import crops
from edge3dpose.errors import BadInput
from edge3dpose.evaluation.peer_errors import errors_by_model
from edge3dpose.reports.markdown import read as read_reports
from edge3dpose.runtime.sources import Source
from edge3dpose.types import Array, ModelSpec

REAL_PEOPLE = 32  # crops that the engines see in turn when they are timed alone


def measure(
    *,
    plan: timing.Plan,
    source: str,
    camera: int | None,
    fps: float | None,
    engines: Path | None,
    peers: str | None,
    python: Path | None,
    **wanted: Any,
) -> dict:
    """Time every engine that was asked for, and the peers, in one run; gives the report.

    fps     stamps the frames of a file; None for its own time
    peers   names with commas, see commands._against; python is what runs them, None for this one
    wanted  see commands._candidates.chosen
    """
    rivals = against.names(peers)
    configs = chosen(**wanted)
    spec, weights = configs[0].spec, configs[0].weights
    again = opener(source if camera is None else None, camera, fps)
    about, live = _look_at(again())
    if live and plan.frames is None:
        raise BadInput(f"{about['source']} has no end: say how many frames with --max-frames")
    tensors = _people("sample" if live else source, spec)
    content = machine.report_header("speed") | about
    with ExitStack() as stack:
        meters, lacking = energy.open_meters()
        for meter in meters:
            stack.callback(meter.close)
        runs = against.open_peers(rivals, python, about["source"], stack)
        candidates, refused = opened(configs, engines, stack)
        add_deviations(candidates, weights, tensors)
        _time_alone(candidates, tensors, plan, meters)
        _time_whole(candidates, around(spec, again), plan, meters, runs)
        content["rows"] = [timing.figures(candidate) for candidate in candidates]
        content |= _of_peers(runs, weights.sha256)
    content |= {
        "load_average_after": machine.load_average(),
        "clocks_after": machine.clocks(),
        "model": spec.name,
        "weights_sha256": weights.sha256,
        "state": weights.card.get("state"),
        "fps": fps,
        "plan": asdict(plan),
        "protocol": plan.text(people=REAL_PEOPLE, size=about["frame_size"], fps=fps),
        "energy": {"counters": {m.name: m.covers for m in meters}, "lacking": lacking},
        "refused": refused,
    }
    if not live:
        content["footprint_protocol"] = FOOTPRINT_PROTOCOL
        add_footprints(content["rows"], configs, engines, source, fps, plan.frames)
    return content


def _look_at(source: Source) -> tuple[dict[str, str], bool]:
    """Name and width x height of the first frame, and whether the source is live."""
    with closing(source):
        frame = next(iter(source), None)
        if frame is None:
            raise BadInput(f"{source.name} gives no frame")
        height, width = frame.image.shape[:2]
        return {"source": source.name, "frame_size": f"{width}x{height}"}, source.live


def _people(source: str, spec: ModelSpec) -> list[Array]:
    images = crops.from_source(source, spec, REAL_PEOPLE)
    if not len(images):
        raise BadInput(f"nobody is found in {source}; a benchmark needs frames with people")
    return [images[n : n + 1] for n in range(len(images))]


def _time_alone(
    candidates: list[timing.Candidate],
    tensors: list[Array],
    plan: timing.Plan,
    meters: Sequence[energy.Meter],
) -> None:
    with steps("engines alone", plan.visits(len(candidates))) as step:
        timing.time_alone(candidates, tensors, plan, step, meters=meters)


def _time_whole(
    candidates: list[timing.Candidate],
    surroundings: timing.Surroundings,
    plan: timing.Plan,
    meters: Sequence[energy.Meter],
    peers: list[PeerRun],
) -> None:
    visits = [lambda peer=peer: peer.visit(plan, meters) for peer in peers]
    with steps("end to end", plan.visits(len(candidates) + len(peers))) as step:
        timing.time_whole(candidates, surroundings, plan, step, meters=meters, beside=visits)


def _of_peers(runs: list[PeerRun], weights_sha256: str) -> dict:
    if not runs:
        return {}
    folder = against.reports_folder()
    errors = errors_by_model(read_reports(folder) if folder.is_dir() else {}, weights_sha256)
    return {"peers": [run.figures(errors) for run in runs], "peers_protocol": PEERS_PROTOCOL}
