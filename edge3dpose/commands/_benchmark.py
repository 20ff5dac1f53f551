"""What edge3dpose benchmark does, apart from its options, so that --help stays light."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from edge3dpose import manifest, models, paths, rooms
from edge3dpose.bench import machine, report, timing
from edge3dpose.bench.plot import plot as draw
from edge3dpose.bench.render import render as render_folder
from edge3dpose.camera import open_lens
from edge3dpose.commands._engine import BACKENDS, Choice, choose, open_chosen
from edge3dpose.commands._progress import builds
from edge3dpose.compiler import crops
from edge3dpose.errors import AccuracyGateFailed, BadInput
from edge3dpose.runtime.sources import Source, open_source
from edge3dpose.types import PRECISIONS, Array, ModelSpec

REAL_PEOPLE = 32  # crops that the engines see in turn when they are timed alone


def benchmark(
    *,
    source: str,
    camera: int | None,
    max_frames: int | None,
    calls: int,
    rounds: int,
    report: Path | None,
    plot: Path | None,
    engines: Path | None,
    **wanted: Any,
) -> None:
    """See the command's help."""
    choices = chosen(**wanted)
    spec = choices[0].spec
    opener = _opener(source, camera)
    name, live, size = _look_at(opener)
    if live and max_frames is None:
        raise BadInput(f"{name} has no end: say how many frames to measure with --max-frames")
    tensors = _people("sample" if live else source, spec)
    plan = timing.Plan(rounds=rounds, calls=calls, frames=max_frames)
    load_before = machine.load_average()
    with ExitStack() as stack:
        candidates, refused = _opened(choices, engines, stack)
        _measure(candidates, tensors, plan, _around(spec, opener))
    content = _content(choices[0], candidates, plan, name, size, load_before)
    content["refused"] = refused
    Console().print(_table(content))
    _write(content, report, plot, several=len({choice.cut for choice in choices}) > 1)


def render() -> None:
    """Write REPORT.md, the README's table and the models' cards from the checkout's reports."""
    folder = paths.home() / "benchmarks"
    shipped = [name for name in models.specs() if paths.weights_file(name).is_file()]
    cards = [models.open_weights(models.find(name), None).card for name in shipped]
    for file in render_folder(folder, paths.home() / "README.md", cards):
        click.echo(f"wrote {file}")


def chosen(
    *,
    model: str,
    weights: Path | None,
    cut: str,
    precision: str,
    backend: str,
    threads: int | None,
) -> list[Choice]:
    """Every cut with every backend and precision that was asked for."""
    spec = models.find(model)
    cuts = [cut] if cut == "auto" else [str(number) for number in models.parse_cuts(cut, spec)]
    return [
        choose(model=model, weights=weights, cut=k, precision=p, backend=b, threads=threads)
        for b in _listed("--backend", backend, BACKENDS)
        for p in _listed("--precision", precision, PRECISIONS)
        for k in cuts
    ]


def _listed(option: str, text: str, known: Sequence[str]) -> list[str]:
    names = list(dict.fromkeys(text.split(",")))
    for name in names:
        if name not in (*known, "auto"):
            raise BadInput(f"{option} {name!r}: wanted auto or some of {', '.join(known)}")
    return names


def _opener(source: str, camera: int | None) -> Callable[[], Source]:
    if camera is None:
        return lambda: open_source(source)
    return lambda: rooms.load("runtime.sources", "camera").open_source(str(camera))


def _look_at(opener: Callable[[], Source]) -> tuple[str, bool, str]:
    """Name, whether it is live, and width x height of the first frame."""
    with closing(opener()) as source:
        frame = next(iter(source), None)
        if frame is None:
            raise BadInput(f"{source.name} gives no frame")
        height, width = frame.image.shape[:2]
        return source.name, source.live, f"{width}x{height}"


def _people(source: str, spec: ModelSpec) -> list[Array]:
    images = crops.from_source(source, spec, REAL_PEOPLE)
    if not len(images):
        raise BadInput(f"nobody is found in {source}; a benchmark needs frames with people")
    return [images[n : n + 1] for n in range(len(images))]


def _opened(
    choices: list[Choice], engines: Path | None, stack: ExitStack
) -> tuple[list[timing.Candidate], list[dict]]:
    """The engines to time, and those of several that are too far from FP32 to be of any use."""
    candidates, refused = [], []
    for choice in choices:
        try:
            candidates.append(_candidate(choice, engines, stack))
        except AccuracyGateFailed as error:
            click.echo(f"left out: {error}", err=True)
            refused.append({**_name(choice), "why": str(error)})
    if not candidates:
        raise AccuracyGateFailed(refused[-1]["why"])
    return candidates, refused


def _name(choice: Choice) -> dict:
    return {"cut": choice.cut, "backend": choice.backend, "precision": choice.precision}


def _candidate(choice: Choice, engines: Path | None, stack: ExitStack) -> timing.Candidate:
    with builds() as progress:
        engine, path = open_chosen(choice, engines, progress=progress)
    stack.callback(engine.close)
    made = manifest.read(path)
    facts = {
        **_name(choice),
        "threads": choice.threads,
        "backend_version": made.backend_version,
        "engine_sha256": made.sha256,
        "engine_bytes": made.size_bytes,
        "parity": made.parity,
        "error": (choice.weights.card.get("cuts") or {}).get(str(choice.cut), {}),
    }
    return timing.Candidate(facts, engine)


def _around(spec: ModelSpec, opener: Callable[[], Source]) -> timing.Surroundings:
    follow = rooms.load("runtime.detectors", "follow")
    blazepose = rooms.load("runtime.detectors", "blazepose")
    finder = blazepose.open_detector()
    one_euro = rooms.load("runtime.filters", "one-euro")
    return timing.Surroundings(
        spec,
        source=opener,
        detector=lambda related: follow.open_detector(finder) if related else finder,
        filters=lambda: [one_euro.open_filter()],
        lens=open_lens(),
    )


def _measure(
    candidates: list[timing.Candidate],
    tensors: list[Array],
    plan: timing.Plan,
    around: timing.Surroundings,
) -> None:
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        for doing, measure in (
            ("engines alone", lambda step: timing.time_alone(candidates, tensors, plan, step)),
            ("end to end", lambda step: timing.time_whole(candidates, around, plan, step)),
        ):
            task = bar.add_task(doing, total=plan.rounds * len(candidates))
            measure(lambda task=task: bar.advance(task))


def _content(
    choice: Choice,
    candidates: list[timing.Candidate],
    plan: timing.Plan,
    source: str,
    size: str,
    load_before: list[float] | None,
) -> dict:
    content = report.header("speed")
    content["machine"]["load_average"] = load_before
    return content | {
        "load_average_after": machine.load_average(),
        "model": choice.spec.name,
        "weights_sha256": choice.weights.sha256,
        "state": choice.weights.card.get("state"),
        "source": source,
        "frame_size": size,
        "plan": asdict(plan),
        "protocol": (
            f"{plan.rounds} rounds over all engines in shuffled turn; alone: {plan.calls} calls a "
            f"round on {REAL_PEOPLE} people of the source, after {plan.warm_up} that do not count; "
            f"end to end: the source of {size} px a round, after {plan.warm_up} frames that do not "
            "count; the detector looks again once a second of the source's time"
        ),
        "rows": [timing.figures(candidate) for candidate in candidates],
    }


def _table(content: dict) -> Table:
    table = Table(title=f"{content['model']} on {content['source']}, ms")
    for column in ("cut", "engine", "MPJPE mm", "p50", "p95", "p99", "end to end p50", "FPS"):
        table.add_column(column, justify="right")
    for row in content["rows"]:
        alone, whole, error = row["engine"], row["end_to_end"], row["error"].get("mpjpe_mm")
        table.add_row(
            str(row["cut"]),
            f"{row['backend']} {row['precision']}",
            "?" if error is None else f"{error:.1f}",
            *(f"{alone[f'p{p}_ms']:.1f}" for p in (50, 95, 99)),
            f"{whole['frame']['p50_ms']:.1f}",
            f"{whole['fps']:.1f}",
        )
    return table


def _write(content: dict, file: Path | None, picture: Path | None, *, several: bool) -> None:
    if file is not None:
        report.save(file, content)
        click.echo(f"wrote {file}")
        if several and picture is None:
            picture = file.with_suffix(".png")
    if picture is not None:
        draw(content, picture)
        click.echo(f"wrote {picture}")
