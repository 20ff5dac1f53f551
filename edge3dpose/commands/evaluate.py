"""edge3dpose evaluate: the errors of each cut, in 3D or against a 2D teacher."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edge3dpose import plugins
from edge3dpose.commands._options import plugin_options, typed
from edge3dpose.evaluation import recordings
from edge3dpose.runtime import filters

_FILE = click.Path(path_type=Path)
_ONLY_OF = {
    **dict.fromkeys(("people", "first_seed", "motion", "overhead"), ("synthetic",)),
    **dict.fromkeys(("labels", "teacher"), ("clip", "photos")),
    "split": plugins.names("training.datasets"),
}
_OF_ERRORS = ("plot", "write_card", "require_mpjpe_mm", "require_pck", "against")


@click.command()
@click.option("--model", default="sspnet-lite", show_default=True, help="See: edge3dpose models.")
@click.option("--weights", type=_FILE, help="ONNX file of your own, with its card beside it.")
@click.option(
    "--cut", default="all", show_default=True, help="A number, numbers with commas between, or all."
)
@click.option(
    "--dataset",
    type=click.Choice(
        [
            *("synthetic", "clip", "photos", "people", "crowds"),
            *plugins.names("training.datasets"),
            *recordings.formats(),
        ]
    ),
    default="synthetic",
    show_default=True,
)
@click.option(
    "--root",
    help="Path of the data set: baked people, a video or sample, a folder, or its files.",
)
@click.option(
    "--split",
    type=click.Choice(["train", "test", "all"]),
    default="test",
    show_default=True,
    help="h36m, mpi-inf-3dhp: images of these subjects.",
)
@click.option(
    "--backend", help="Evaluate engines of a backend.  [default: the model's own file, FP32]"
)
@click.option("--precision", default="fp32", show_default=True, help="Precision of the engines.")
@click.option("--engines", type=_FILE, help="Folder of built engines.")
@click.option("--people", default=1000, show_default=True, help="synthetic: number of people.")
@click.option(
    "--first-seed", default=0, show_default=True, help="synthetic: seed of the first person."
)
@click.option(
    "--motion",
    type=click.Choice(["wide", "mocap"]),
    default="wide",
    show_default=True,
    help="synthetic: poses widened as in training, or as they were captured.",
)
@click.option("--overhead", is_flag=True, help="synthetic: seen from 50 to 85 degrees above.")
@click.option("--eagle", "overhead", is_flag=True, hidden=True)  # its former name
@click.option(
    "--passes",
    type=click.IntRange(1, 2),
    default=2,
    show_default=True,
    help="3D: with 2, a person who leans is seen again in a turned crop, as run does.",
)
@click.option("--looks", "passes", type=click.IntRange(1, 2), hidden=True)  # its former name
@click.option(
    "--flip-test",
    "--mirror",
    is_flag=True,
    help="Average with the flipped image, as run does with this option.",
)
@click.option(
    "--labels",
    type=_FILE,
    help="File of the teacher's 2D joints.  [default: data/labels/NAME.json of the home folder]",
)
@click.option("--teacher", type=_FILE, help="pose_landmark_heavy.tflite, which makes the labels.")
@click.option(
    "--against",
    "--peer-model",
    "against",
    type=_FILE,
    multiple=True,
    help="MediaPipe's pose_landmark_*.tflite, measured on the same people; repeatable.",
)
@plugin_options(filters.options())
@click.option("--report", type=_FILE, help="Write the errors as JSON.")
@click.option(
    "--plot", type=_FILE, help="Write a plot of 3D errors by joint and by difficulty, PNG."
)
@click.option("--write-card", is_flag=True, help="Store the errors in the model's card.")
@click.option("--require-mpjpe-mm", type=float, help="Exit 1 if the best MPJPE is larger.")
@click.option("--require-pck", type=float, help="Exit 1 if the best PCK@0.5 is smaller.")
def command(**options: Any) -> None:
    """Measure the errors of each cut of a model.

    synthetic: held-out bodies, clothes, backgrounds and motion with exact joints. MPJPE, PA-MPJPE,
    PCK@150 and AUC in camera space, given the true depth of the root. Not a Human3.6M figure.

    clip: shoulders, elbows, wrists, hips, knees and ankles against those of BlazePose heavy, in
    torso lengths, through the whole pipeline with its own detector and following.

    photos: the same on a folder of unrelated images, each searched anew.

    h36m, mpi-inf-3dhp: the errors of synthetic on images that you have the licence for.

    mocap, views: real people with measured motion, through the whole pipeline of run, filters
    included; PA-MPJPE, root-relative error, velocity, bones, angles, beside other systems.

    people: how many people the detectors find in pictures labelled by hand, and what else, before
    and after the poses' check.

    crowds: rendered people who cross, hide each other, leave and come back (render-crowds), through
    the whole pipeline: IDF1, MOTA, switches, ghosts, how soon people are found, errors by what of
    a person is hidden.
    """
    _refuse_idle(options["dataset"])
    if options["dataset"] == "crowds":
        _crowds(options)
        return
    if options["dataset"] == "people":
        _people(options)
        return
    from edge3dpose.commands._progress import builds
    from edge3dpose.evaluation.accuracy import check_thresholds
    from edge3dpose.evaluation.evaluate import evaluate
    from edge3dpose.models import find, open_weights
    from edge3dpose.reports import accuracy, plots, rows
    from edge3dpose.reports.columns import wide_console

    names = ("report", "plot", "write_card", "require_mpjpe_mm", "require_pck")
    after = {name: options.pop(name) for name in names}
    _check(options, after)
    options["filter_options"] = _filter_options(options)
    with builds() as progress:
        report = evaluate(progress=progress, **options)
    accuracy.print_tables(report, wide_console())
    if after["report"] is not None:
        rows.save(report, after["report"])
        click.echo(f"wrote {after['report']}")
    if after["plot"] is not None:
        plots.save(plots.error_chart(report), after["plot"])
        click.echo(f"wrote {after['plot']}")
    if after["write_card"]:
        from edge3dpose.evaluation.card import write_card

        onnx = open_weights(find(options["model"]), options["weights"]).onnx
        click.echo(f"wrote {write_card(onnx, report)}")
    check_thresholds(report.cuts, after["require_mpjpe_mm"], after["require_pck"])


def _refuse_idle(dataset: str) -> None:
    """BadInput for an option that was typed and is of other data sets."""
    from edge3dpose.errors import BadInput

    for name in typed(_ONLY_OF):
        if dataset not in (only := _ONLY_OF[name]):
            flag = f"--{name.replace('_', '-')}"
            raise BadInput(f"{flag} does nothing with --dataset {dataset}: {', '.join(only)} only")


def _crowds(options: dict[str, Any]) -> None:
    """What a pipeline finds in rendered crowds."""
    from edge3dpose.commands._progress import builds
    from edge3dpose.errors import BadInput
    from edge3dpose.evaluation.crowds import evaluate_crowds
    from edge3dpose.reports import crowds, rows
    from edge3dpose.reports.columns import wide_console

    if options["root"] is None:
        raise BadInput("--dataset crowds takes the folder of edge3dpose render-crowds with --root")
    if unfit := [name for name in _OF_ERRORS if options[name]]:
        raise BadInput(f"--{unfit[0].replace('_', '-')} has no place with --dataset crowds")
    same = ("model", "weights", "precision", "engines", "flip_test")
    pipeline = {name: options[name] for name in same}
    pipeline["cut"] = "auto" if options["cut"] == "all" else options["cut"]
    pipeline["backend"] = options["backend"] or "auto"
    pipeline["filter_options"] = _filter_options(options)
    with builds() as progress:
        report = evaluate_crowds(options["root"], pipeline, progress)
    crowds.print_tables(report, wide_console())
    if options["report"] is not None:
        rows.save(report, options["report"])
        click.echo(f"wrote {options['report']}")


def _people(options: dict[str, Any]) -> None:
    """What the detectors find in labelled pictures."""
    from edge3dpose.commands._progress import builds
    from edge3dpose.engine_types import EngineRequest
    from edge3dpose.errors import BadInput
    from edge3dpose.evaluation.people_finder import evaluate_people
    from edge3dpose.reports import people, rows
    from edge3dpose.reports.columns import wide_console

    if options["root"] is None:
        raise BadInput("--dataset people takes a folder with truth/people_boxes.json with --root")
    if unfit := [name for name in (*_OF_ERRORS, "flip_test") if options[name]]:
        raise BadInput(f"--{unfit[0].replace('_', '-')} has no place with --dataset people")
    request = EngineRequest(
        options["model"],
        options["weights"],
        "auto" if options["cut"] == "all" else options["cut"],
        options["precision"],
        options["backend"] or "auto",
    )
    with builds() as progress:
        report = evaluate_people(options["root"], request, options["engines"], progress)
    people.print_tables(report, wide_console())
    if options["report"] is not None:
        rows.save(report, options["report"])
        click.echo(f"wrote {options['report']}")


def _filter_options(options: dict[str, Any]) -> dict[str, Any]:
    """Takes the options of filters out; gives those that are not at their default."""
    defaults = {option.name: option.default for option in filters.options()}
    given = {name: options.pop(name) for name in defaults}
    return {name: one for name, one in given.items() if one != defaults[name]}


def _check(options: dict[str, Any], after: dict[str, Any]) -> None:
    """BadInput where what is to be done with the errors does not fit what is measured."""
    from edge3dpose.errors import BadInput
    from edge3dpose.reports.plots import require_matplotlib

    if after["write_card"]:
        kept = "--write-card keeps the errors of"
        if options["backend"]:
            raise BadInput(f"{kept} the model's own file: leave out --backend")
        if options["flip_test"]:
            raise BadInput(f"{kept} a single prediction: leave out --flip-test")
        if options["dataset"] in recordings.formats():
            raise BadInput(f"{kept} a network, not of a pipeline: leave it out")
        if options["overhead"]:
            raise BadInput(f"{kept} the standard views: leave out --overhead")
    if after["plot"]:
        if options["dataset"] in ("clip", "photos", *recordings.formats()):
            raise BadInput("--plot shows 3D errors: --dataset synthetic, h36m or mpi-inf-3dhp")
        require_matplotlib("--plot")
