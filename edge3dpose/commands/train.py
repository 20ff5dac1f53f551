"""edge3dpose train: recipe and data -> a checkpoint that can be resumed, and an ONNX file."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

_PATH = click.Path(path_type=Path)


@click.command()
@click.option("--model", default="sspnet-lite", show_default=True, help="See: edge3dpose models.")
@click.option("--assets", type=_PATH, help="File of the baked people and backgrounds.")
@click.option("--prepare", is_flag=True, help="Bake --assets from --data first.")
@click.option("--data", type=_PATH, help="Folder with bodies, motion and photos.")
@click.option("--real", type=_PATH, help="File of labelled crops of real people.")
@click.option(
    "--dataset",
    multiple=True,
    help="NAME=PATH of h36m, mpi-inf-3dhp, mpii or bone-polarity that you have the licence for; "
    "repeatable.",
)
@click.option(
    "--label",
    type=_PATH,
    multiple=True,
    help="Label the people of this clip or folder of photos into --real, and stop; repeatable.",
)
@click.option(
    "--teachers",
    type=_PATH,
    help="Folder with pose_landmark_heavy.tflite and pose_landmark_full.tflite, and with "
    "movenet-thunder.onnx for a third opinion.",
)
@click.option(
    "--encoder",
    type=_PATH,
    help="pose_landmark_full.onnx to begin with; with --resume it replaces the encoder.",
)
@click.option("--start-from", type=_PATH, help="An exported MODEL.onnx to begin with.")
@click.option("--out", type=_PATH, required=True, help="Folder of the run.")
@click.option("--resume", is_flag=True, help="Continue from the checkpoint in --out.")
@click.option(
    "--set",
    "setting",
    multiple=True,
    help="Change a field of the recipe: NAME=VALUE, such as real=0.3; repeatable.",
)
@click.option("--steps", type=int, help="0 exports the untrained network and stops.")
@click.option(
    "--samples", type=int, help="Length of the training in renders, instead of the recipe's."
)
@click.option("--hours", type=float, help="Length of the training in hours, resumes included.")
@click.option("--workers", default=1, show_default=True, help="Number of render processes.")
@click.option(
    "--preview",
    type=int,
    help="Write a contact sheet of N renders and histograms of poses and cameras, and stop.",
)
@click.option(
    "--fit-convention",
    type=_PATH,
    help="Fit the map from the landmarks of pose_landmark_heavy.tflite to our joints, and stop.",
)
@click.option(
    "--export", "export_only", is_flag=True, help="Export the checkpoint in --out and stop."
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda.")
def command(**options: Any) -> None:
    """Train a network on synthetic people and export it with every head.

    The run folder gets checkpoint.safetensors (resumable on any machine), log.csv, loss.png and
    MODEL.onnx with its card MODEL.json.
    """
    logging.basicConfig(format="%(asctime)s  %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("edge3dpose").setLevel(logging.INFO)
    _run(_request(options), options, click.echo)


def _request(options: dict[str, Any]) -> Any:
    from edge3dpose.training.session import TrainRequest

    same = ("model", "out", "assets", "real", "encoder", "start_from", "resume", "samples")
    fields = {name: options[name] for name in (*same, "hours", "workers", "device")}
    return TrainRequest(**fields, datasets=options["dataset"], settings=options["setting"])


def _run(request: Any, options: dict[str, Any], message: Callable[[str], None]) -> None:
    """Do what the options ask for: one of the jobs that stop, or train and export."""
    from edge3dpose.training import session

    session.check(request)
    if options["prepare"]:
        session.prepare(request, options["data"])
    request.out.mkdir(parents=True, exist_ok=True)
    if options["label"]:
        file, count = session.label(request, options["label"], options["teachers"], message)
        message(f"wrote {file}: {count} people on whom the teachers agree")
    elif options["fit_convention"]:
        message(f"wrote {session.fit_convention(request, options['fit_convention'])}")
    elif options["preview"]:
        sheet, histograms, rate = session.preview(request, options["preview"])
        message(
            f"wrote {sheet} and {histograms}; one process rendered {rate:.0f} pictures a second"
        )
    else:
        untrained = options["steps"] == 0 and not options["export_only"]
        if untrained or options["export_only"] or session.train(request):
            file = session.export(request, trained=not untrained)
            size = f"{file.stat().st_size / 1e6:.1f} MB"
            message(f"wrote {file} ({size}) and {file.with_suffix('.json')}")
