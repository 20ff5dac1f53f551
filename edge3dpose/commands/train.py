"""edge3dpose train: recipe and data -> a checkpoint that can be resumed, and an ONNX file."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--model", default="sspnet-lite", show_default=True, help="See: edge3dpose models.")
@click.option(
    "--assets", type=click.Path(path_type=Path), help="File of the baked people and backgrounds."
)
@click.option("--prepare", is_flag=True, help="Bake --assets from --data first.")
@click.option(
    "--data", type=click.Path(path_type=Path), help="Folder with bodies, motion and photos."
)
@click.option(
    "--real", type=click.Path(path_type=Path), help="File of labelled crops of real people."
)
@click.option(
    "--dataset",
    multiple=True,
    help="NAME=PATH of h36m, mpi-inf-3dhp, mpii or bone-polarity that you have the licence for; "
    "repeatable.",
)
@click.option(
    "--label",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Label the people of this clip or folder of photos into --real, and stop; repeatable.",
)
@click.option(
    "--teachers",
    type=click.Path(path_type=Path),
    help="Folder with pose_landmark_heavy.tflite and pose_landmark_full.tflite.",
)
@click.option(
    "--encoder",
    type=click.Path(path_type=Path),
    help="pose_landmark_full.onnx to begin with; with --resume it replaces the encoder.",
)
@click.option(
    "--start-from", type=click.Path(path_type=Path), help="An exported MODEL.onnx to begin with."
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of the run.")
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
    type=click.Path(path_type=Path),
    help="Fit the map from the landmarks of pose_landmark_heavy.tflite to our joints, and stop.",
)
@click.option(
    "--export", "export_only", is_flag=True, help="Export the checkpoint in --out and stop."
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu or cuda.")
def command(**options: object) -> None:
    """Train a network on synthetic people and export it with every head.

    The run folder gets checkpoint.safetensors (resumable on any machine), log.csv, loss.png and
    MODEL.onnx with its card MODEL.json.
    """
    from edge3dpose.training.session import train

    train(**options)  # type: ignore[arg-type]
