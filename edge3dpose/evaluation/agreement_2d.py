"""A clip or a folder of photos against the 2D teacher, for edge3dpose evaluate."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import click
import numpy as np
from rich.console import Console
from rich.progress import track

from edge3dpose import paths
from edge3dpose.errors import BadInput
from edge3dpose.evaluation import accuracy, labels
from edge3dpose.evaluation.clip import frames_of, pixels_by_cut
from edge3dpose.evaluation.predictions import AllCuts
from edge3dpose.runtime.sources import open_source
from edge3dpose.types import Box, Frame, ModelSpec

Item = TypeVar("Item")

PROTOCOL = "shoulders, elbows, wrists, hips, knees, ankles against BlazePose heavy, torso lengths"


def agreement(
    spec: ModelSpec,
    network: AllCuts,
    cuts: list[int],
    root: str,
    labels_file: Path | None,
    teacher: Path | None,
) -> tuple[dict, list[dict]]:
    """2D agreement with the teacher: facts of the data set, a row a cut."""
    name, sha256 = _identity(root)
    with closing(open_source(root)) as source:
        related = source.related
    stored = labels_file or _labels_file(name)
    if teacher is not None and not stored.is_file():
        rows = teach(root, teacher, related=related)
        labels.write(stored, rows, clip_sha256=sha256, teacher=paths.sha256_of(teacher))
        click.echo(f"wrote {stored}", err=True)
    known = labels.read(stored, sha256)
    frames = progress(frames_of(root), "looking")
    pixels = pixels_by_cut(spec, network, frames, known, related=related)
    facts = {
        "name": "clip" if related else "photos",
        "protocol": PROTOCOL,
        "clip": name,
        "clip_sha256": sha256,
        "frames": len(known),
        "frames_with_a_person": sum(label is not None for label in known),
        "frames_found": int((~np.isnan(pixels[0, :, 0, 0])).sum()),
        "squares_by_cut": max(cuts),
    }
    agreements = accuracy.agreement_by_cut(pixels, known, cuts=cuts)
    return facts, [asdict(one) for one in agreements]


def teach(root: str, teacher: Path, *, related: bool) -> list[labels.Row]:
    """The teacher's joints in every frame of a clip, or in each of unrelated photos.

    Its first square comes from the runtime's finder; in a photo in which that finds nobody, from
    the whole photo, so that a hard photo counts.
    """
    from edge3dpose.runtime.detectors import open_detector
    from edge3dpose.training.teacher import blazepose

    detect, network = open_detector("blazepose"), blazepose.open_teacher(teacher)

    def find(image: Any) -> Box | None:
        return max(detect(Frame(image, 0, 0.0), []), key=lambda box: box.score, default=None)

    images = (frame.image for frame in progress(frames_of(root), "labelling"))
    if related:
        seen = blazepose.track(network, images, find)
    else:
        seen = (
            blazepose.landmarks_in_box(network, image, find(image) or _whole(image))
            for image in images
        )
    return [landmarks.joints() if landmarks else None for landmarks in seen]


def progress(items: Iterable[Item], doing: str) -> Iterable[Item]:
    """The items, with a bar on a terminal."""
    return track(items, doing, console=Console(stderr=True), transient=True)


def _whole(image: Any) -> Box:
    return Box(0, 0, image.shape[1], image.shape[0])


def _labels_file(name: str) -> Path:
    """The sample's labels come with the reports; those of other people's pictures stay apart."""
    folder = "benchmarks" if name == "sample" else "data"
    return paths.home() / folder / "labels" / f"{name}.json"


def _identity(root: str) -> tuple[str, str]:
    """Name and hash of what is labelled."""
    if root == "sample":
        from edge3dpose.runtime.sources import sample

        return "sample", paths.sha256_of(sample.FILE)
    path = Path(root)
    if path.is_file():
        return path.stem, paths.sha256_of(path)
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.is_file())
        parts = "".join(file.name + paths.sha256_of(file) for file in files)
        return path.resolve().name, hashlib.sha256(parts.encode()).hexdigest()
    raise BadInput(f"no clip {root}; --dataset clip takes a video file or sample")
