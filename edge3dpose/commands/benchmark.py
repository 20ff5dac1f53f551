"""edge3dpose benchmark: time of engines, alone and end to end, beside the error of each cut."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)

# Options of an existing report; all others say how one is measured
_OF_A_REPORT = {"measured", "html", "plot", "compare", "trace"}


@click.command()
@click.option("--model", default="sspnet-lite", show_default=True, help="See: edge3dpose models.")
@click.option("--weights", type=FILE, help="ONNX file of your own, with its card beside it.")
@click.option(
    "--cut",
    default="auto",
    show_default=True,
    help="A number, numbers with commas between, all or auto.",
)
@click.option(
    "--precision",
    default="auto",
    show_default=True,
    help="One or several with commas between, or auto.",
)
@click.option(
    "--backend",
    default="auto",
    show_default=True,
    help="One or several with commas between, or auto.",
)
@click.option("--engines", type=FOLDER, help="Folder of built engines.")
@click.option("--threads", type=click.IntRange(min=1), help="Threads of a CPU backend.")
@click.option("--camera", type=click.IntRange(min=0), help="Number of a camera.")
@click.option("--source", default="sample", show_default=True, help="Video, folder, URL or sample.")
@click.option(
    "--fps", type=click.FloatRange(min=0.1), help="Stamp the frames of a file with this frame rate."
)
@click.option(
    "--max-frames", type=click.IntRange(min=1), help="Frames of an engine in a round, end to end."
)
@click.option(
    "--calls",
    default=30,
    show_default=True,
    type=click.IntRange(min=1),
    help="Calls of an engine in a round, alone.",
)
@click.option(
    "--rounds",
    default=5,
    show_default=True,
    type=click.IntRange(min=1),
    help="Rounds over all engines; reports with 5 or more can be compared.",
)
@click.option(
    "--quick", is_flag=True, help="A first look: a minute or two after the engines are built."
)
@click.option(
    "--official",
    is_flag=True,
    help="600 s alone and 600 s end to end, 1024 calls and frames for every engine.",
)
@click.option(
    "--against", help="mediapipe, mediapipe-lite, -full or -heavy: measured in the same run."
)
@click.option("--against-python", type=FILE, help="A Python that has mediapipe.")
@click.option("--report", type=FILE, help="Write the measurements as JSON.")
@click.option("--html", type=FILE, help="Write a page with charts, one file.")
@click.option("--plot", type=FILE, help="Write a plot of milliseconds against error, PNG.")
@click.option("--compare", type=FILE, help="An older report: show what became faster or slower.")
@click.option("--measured", type=FILE, help="A report to use instead of measuring now.")
@click.option("--trace", type=FILE, help="A report of benchmarks/governor.py, drawn in --html.")
@click.option(
    "--render",
    is_flag=True,
    help="Write the documents from the reports under benchmarks/, and stop.",
)
@click.pass_context
def command(context: click.Context, render: bool, **options: Any) -> None:
    """Time engines on real frames: the engine alone, and end to end as run does.

    Several cuts, precisions and backends are measured in turn, round by round, so that other load
    of the machine falls on all of them alike. --cut all with --report also draws the plot, beside
    the report.

    To compare two reports: --measured NEW.json --compare OLD.json
    """
    given = {
        name
        for name in options
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT
    }
    _check(options, given)
    from edge3dpose.commands import _benchmark

    if render:
        _benchmark.render()
        return
    _benchmark.benchmark(**_how(options, given))


def _check(options: dict[str, Any], given: set[str]) -> None:
    """Usage errors: options that contradict each other."""
    how_much = sorted({"quick", "official", "calls", "rounds"} & given)
    if len(how_much) > 1 and how_much != ["calls", "rounds"]:
        raise click.UsageError("take one of --quick, --official and --calls with --rounds")
    if options["measured"] and (other := sorted(given - _OF_A_REPORT)):
        raise click.UsageError(
            f"--measured takes a report as it is: --{other[0].replace('_', '-')} has no place"
        )
    if options["trace"] and not options["html"]:
        raise click.UsageError("--trace is drawn in a page: say which with --html")


def _how(options: dict[str, Any], given: set[str]) -> dict[str, Any]:
    """The options as the library takes them: a plan instead of its parts, one source."""
    from dataclasses import replace

    from edge3dpose.bench.plan import OFFICIAL, QUICK, Plan

    how = dict(options)
    quick, official = how.pop("quick"), how.pop("official")
    calls, rounds, frames = how.pop("calls"), how.pop("rounds"), how.pop("max_frames")
    plan = QUICK if quick else OFFICIAL if official else Plan(rounds=rounds, calls=calls)
    if frames is not None:
        plan = replace(plan, frames=frames)
    camera = how.pop("camera")
    if camera is not None:
        how["source"] = camera
    return how | {"plan": plan}
