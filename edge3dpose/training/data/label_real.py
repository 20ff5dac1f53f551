"""edge3dpose train --label: clips and photos of real people -> crops with agreed 2D."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click
import numpy as np

from edge3dpose import paths
from edge3dpose.errors import BadInput
from edge3dpose.runtime.detectors import open_detector
from edge3dpose.runtime.sources import open_source
from edge3dpose.training.data import real_labels
from edge3dpose.training.teacher import blazepose as teacher
from edge3dpose.types import Frame

EVERY_S = 0.06  # of a clip: frames in between say much the same


def label_sources(sources: tuple[Path, ...], teachers: Path | None, out: Path) -> None:
    """Write the people of every source on whom BlazePose heavy and full agree."""
    if teachers is None:
        raise BadInput("--label needs --teachers, the folder with BlazePose heavy and full")
    heavy, full = (
        teacher.open_teacher(teachers / f"pose_landmark_{size}.tflite")
        for size in ("heavy", "full")
    )
    told = ((_identity(path), _frames(path)) for path in sources)
    crops, facts = [], []
    for fact, found in real_labels.label(told, open_detector("blazepose"), (heavy, full)):
        click.echo(fact)
        facts.append(fact)
        crops += found
    if not crops:
        raise BadInput("the teachers agree on nobody in these sources")
    real_labels.save(crops, facts, out)
    click.echo(f"wrote {out}: {len(crops)} people on whom both teachers agree")


def _identity(path: Path) -> str:
    if path.is_file():
        return f"{path.name} {paths.sha256_of(path)}"
    return path.name


def _frames(path: Path) -> Iterator[Frame]:
    with closing(open_source(str(path))) as source:
        last_s = -np.inf
        for frame in source:
            if not source.related or frame.time_s - last_s >= EVERY_S:
                last_s = frame.time_s
                yield frame
