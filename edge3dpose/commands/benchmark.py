"""edge3dpose benchmark: time of engines, alone and end to end, beside the error of each cut."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edge3dpose.commands._options import typed

if TYPE_CHECKING:
    from edge3dpose.reports.documents import ShippedModel
    from edge3dpose.reports.rows import SpeedReport

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
    "--people",
    callback=lambda _, __, text: _numbers(text),
    help="Numbers with commas between, such as 1,2,5,10: also with so many people in the picture.",
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
def command(render: bool, **options: Any) -> None:
    """Time engines on real frames: the engine alone, and end to end as run does.

    Several cuts, precisions and backends are measured in turn, round by round, so that other load
    of the machine falls on all of them alike. --cut all with --report also draws the plot, beside
    the report.

    To compare two reports: --measured NEW.json --compare OLD.json
    """
    _check(options, set(typed(options)))
    if render:
        _render()
    else:
        _report(options)


def _numbers(text: str | None) -> tuple[int, ...]:
    """ "1,2,5" -> (1, 2, 5); a usage error for anything else."""
    parts = [] if text is None else text.split(",")
    if not all(part.strip().isascii() and part.strip().isdigit() and int(part) for part in parts):
        raise click.BadParameter(f"{text!r}: wanted numbers from 1 with commas between")
    return tuple(int(part) for part in parts)


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


def _report(options: dict[str, Any]) -> None:
    """Measure, or read what was measured; print it and write what is asked for."""
    from edge3dpose.models import find
    from edge3dpose.reports import compare, page, plots, rows, speed, speed_plots
    from edge3dpose.reports.columns import wide_console
    from edge3dpose.reports.governor_rows import GovernorReport
    from edge3dpose.reports.rows import SpeedReport

    files = {name: options.pop(name) for name in (*_OF_A_REPORT, "report")}
    for name in ("html", "plot"):
        if files[name] is not None:
            plots.require_matplotlib(f"--{name}")
    old = rows.load(SpeedReport, files["compare"]) if files["compare"] else None
    governor = rows.load(GovernorReport, files["trace"]) if files["trace"] else None
    measured, file, plot = files["measured"], files["report"], files["plot"]
    if old and not measured:
        compare.check_model(old, find(options["model"]).name)
    report = rows.load(SpeedReport, measured) if measured else _measure(options)
    if file is not None:  # first of all: nothing that comes after it may lose what was measured
        _save(report, file)
        several = len({row.cut for row in report.rows}) > 1
        plot = plot or (file.with_suffix(".png") if several and plots.available() else None)
    console = wide_console()
    speed.print_tables(report, console)
    comparison = compare.compare(old, report) if old else None
    if comparison is not None:
        compare.print_comparison(comparison, console)
    if plot is not None and (chart := speed_plots.engine_chart(report)):
        plots.save(chart, plot)
        click.echo(f"wrote {plot}")
    if files["html"] is not None:
        page.write(files["html"], report, comparison, governor)
        click.echo(f"wrote {files['html']}")


def _save(report: SpeedReport, file: Path) -> None:
    """Write the report; where that cannot be, it is printed: measuring took its time."""
    from edge3dpose.errors import BadInput
    from edge3dpose.records import to_json
    from edge3dpose.reports import rows, speed
    from edge3dpose.reports.columns import wide_console
    from edge3dpose.storage import json_text

    try:
        rows.save(report, file)
    except BadInput as error:
        speed.print_tables(report, wide_console())
        click.echo(json_text(to_json(report)))
        raise BadInput(f"{error}; the report is printed above") from error
    click.echo(f"wrote {file}")


def _measure(options: dict[str, Any]) -> SpeedReport:
    """The library's benchmark: a plan instead of its parts, one source."""
    from dataclasses import replace

    from edge3dpose.bench.benchmark import benchmark
    from edge3dpose.bench.plan import OFFICIAL, QUICK, Plan
    from edge3dpose.commands._progress import builds, echo_left_out

    how = dict(options)
    quick, official = how.pop("quick"), how.pop("official")
    calls, rounds, frames = how.pop("calls"), how.pop("rounds"), how.pop("max_frames")
    plan = QUICK if quick else OFFICIAL if official else Plan(rounds=rounds, calls=calls)
    if frames is not None:
        plan = replace(plan, frames=frames)
    camera = how.pop("camera")
    if camera is not None:
        how["source"] = camera
    with builds() as progress:
        report = benchmark(progress=progress, plan=plan, **how)
    echo_left_out(report.refused)
    return report


def _render() -> None:
    """Write the documents of the checkout from its reports."""
    from edge3dpose import paths
    from edge3dpose.reports import documents

    for file in documents.render_all(paths.home() / "benchmarks", paths.home(), shipped_models()):
        click.echo(f"wrote {file}")


def shipped_models() -> list[ShippedModel]:
    """The models whose weights come with the package."""
    from edge3dpose import models, paths
    from edge3dpose.reports.documents import ShippedModel
    from edge3dpose.selection.defaults import best_cut

    names = [name for name in models.specs() if paths.weights_file(name).is_file()]
    opened = [models.open_weights(models.find(name), None) for name in names]
    return [ShippedModel(one.card, best_cut(one)[0]) for one in opened]
