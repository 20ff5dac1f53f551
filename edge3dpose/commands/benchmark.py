"""edge3dpose benchmark: how long engines take, alone and end to end, beside each cut's error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)

# Options that say what becomes of a report; all others say how one is measured
_OF_A_REPORT = {"measured", "html", "plot", "compare", "trace"}


@click.command()
@click.option("--model", default="sspnet-lite", show_default=True, help="see: models")
@click.option("--weights", type=FILE, help="ONNX file of your own, with its card beside it")
@click.option("--cut", default="auto", show_default=True, help="K, K,K,..., all, or auto")
@click.option("--precision", default="auto", show_default=True, help="P or P,P,...")
@click.option("--backend", default="auto", show_default=True, help="B or B,B,...")
@click.option("--engines", type=FOLDER, help="folder of built engines")
@click.option("--threads", type=click.IntRange(min=1), help="of a CPU backend")
@click.option("--camera", type=click.IntRange(min=0), help="number of a camera")
@click.option("--source", default="sample", show_default=True, help="video, folder, URL, sample")
@click.option("--fps", type=click.FloatRange(min=0.1), help="stamp a file's frames: N a second")
@click.option("--max-frames", type=click.IntRange(min=1), help="end to end, a round")
@click.option(
    "--calls", default=30, show_default=True, type=click.IntRange(min=1), help="alone, a round"
)
@click.option(
    "--rounds",
    default=5,
    show_default=True,
    type=click.IntRange(min=1),
    help="visits to every engine, in turn; 5 or more can be compared",
)
@click.option("--quick", is_flag=True, help="a first look: a minute or two, once engines are built")
@click.option(
    "--official", is_flag=True, help="600 s alone, 600 s end to end, 1024 of each for every engine"
)
@click.option("--against", help="mediapipe, mediapipe-lite, -full, -heavy: measured in turn, too")
@click.option("--against-python", type=FILE, help="a Python that has mediapipe, where this has not")
@click.option("--report", type=FILE, help="write what was measured as JSON")
@click.option("--html", type=FILE, help="write a page with charts that needs nothing else")
@click.option("--plot", type=FILE, help="write milliseconds against error as PNG")
@click.option("--compare", type=FILE, help="an older report: say what became faster or slower")
@click.option("--measured", type=FILE, help="a report, taken instead of measuring anew")
@click.option("--trace", type=FILE, help="a governor's report, drawn in --html")
@click.option("--render", is_flag=True, help="write REPORT.md and the README's table, and stop")
@click.pass_context
def command(context: click.Context, render: bool, **options: Any) -> None:
    """Time engines on real frames: the engine alone, and the whole loop that run uses.

    Several cuts, precisions and backends are measured in turn, round by round, so that what else
    the machine does falls on all of them alike. --cut all with --report also draws the plot,
    beside the report. --render makes documents of the reports under benchmarks/.

    Two reports are compared with: --measured NEW.json --compare OLD.json
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
    """The options as the command's other half takes them: a plan instead of its parts."""
    from dataclasses import replace

    from edge3dpose.bench.plan import OFFICIAL, QUICK, Plan

    how = dict(options)
    quick, official = how.pop("quick"), how.pop("official")
    calls, rounds, frames = how.pop("calls"), how.pop("rounds"), how.pop("max_frames")
    plan = QUICK if quick else OFFICIAL if official else Plan(rounds=rounds, calls=calls)
    if frames is not None:
        plan = replace(plan, frames=frames)
    how["peers"], how["python"] = how.pop("against"), how.pop("against_python")
    return how | {"plan": plan}
