"""edge3dpose evaluate: the error of each cut, on exact synthetic people or against a 2D teacher."""

from __future__ import annotations

from pathlib import Path

import click

from edge3dpose import plugins

_FILE = click.Path(path_type=Path)


@click.command()
@click.option("--model", default="sspnet-lite", show_default=True)
@click.option("--weights", type=_FILE, help="A model file of your own; its card beside it.")
@click.option("--cut", default="all", show_default=True, help="K, K,K,... or all.")
@click.option(
    "--dataset",
    type=click.Choice(["synthetic", "clip", "photos", *plugins.names("training.datasets")]),
    default="synthetic",
    show_default=True,
)
@click.option("--root", help="The baked assets; a video or sample; a folder; the data set.")
@click.option(
    "--split",
    type=click.Choice(["train", "test", "all"]),
    default="test",
    show_default=True,
    help="h36m, mpi-inf-3dhp: whose pictures.",
)
@click.option("--backend", help="Engines of a backend.  [default: the model's own file, FP32]")
@click.option("--precision", default="fp32", show_default=True, help="Of the engines.")
@click.option("--engines", type=_FILE, help="Folder of built engines.")
@click.option("--people", default=1000, show_default=True, help="synthetic: how many.")
@click.option("--first-seed", default=0, show_default=True, help="synthetic: of the first one.")
@click.option(
    "--motion",
    type=click.Choice(["wide", "mocap"]),
    default="wide",
    show_default=True,
    help="synthetic: as in training, or mocap frames as they were captured.",
)
@click.option("--overhead", is_flag=True, help="synthetic: seen from 50 to 85 degrees above.")
@click.option("--eagle", "overhead", is_flag=True, hidden=True)  # its former name
@click.option(
    "--looks",
    type=click.IntRange(1, 2),
    default=2,
    show_default=True,
    help="3D: with 2, who leans is looked at again in his crop, turned upright, as run does.",
)
@click.option("--mirror", is_flag=True, help="See everybody in a mirror too, as run --mirror.")
@click.option("--labels", type=_FILE, help="The teacher's 2D, read or written.")
@click.option("--teacher", type=_FILE, help="pose_landmark_heavy.tflite, to make labels.")
@click.option(
    "--against", type=_FILE, multiple=True, help="MediaPipe's pose_landmark_*.tflite, measured too."
)
@click.option("--report", type=_FILE, help="Write the figures as JSON.")
@click.option("--plot", type=_FILE, help="Where 3D errors live, as PNG.")
@click.option("--write-card", is_flag=True, help="Store the figures in the model's card.")
@click.option("--require-mpjpe-mm", type=float, help="Exit 1 if the best is over it.")
@click.option("--require-pck", type=float, help="Exit 1 if the best PCK@0.5 is under it.")
def command(**options: object) -> None:
    """Measure the error of each cut of a model.

    synthetic: held-out bodies, clothes, backgrounds and motion with exact joints; MPJPE, PA-MPJPE,
    PCK@150 and AUC in camera space, given the true depth of the root. Not a Human3.6M figure.

    clip: shoulders, elbows, wrists, hips, knees and ankles against BlazePose heavy's, in torso
    lengths, through the whole pipeline with its own detector and following.

    photos: the same on a folder of unrelated pictures, each searched anew.

    h36m, mpi-inf-3dhp: the errors of synthetic on pictures that you have the licence for.
    """
    from edge3dpose.evaluation.evaluate import evaluate

    evaluate(**options)  # type: ignore[arg-type]
