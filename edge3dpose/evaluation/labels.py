"""The teacher's 2D joints of a clip or of photos: a JSON file, read, written and made.

With the file a clip is evaluated without the teacher. Schema edge3dpose.labels/1: the clip and the
teacher by hash, then a row a frame: null where the teacher sees nobody, else a list of
[x_px, y_px, visibility] or null for each joint of h36m17.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge3dpose import paths, storage
from edge3dpose.errors import BadInput, EngineMismatch
from edge3dpose.evaluation.accuracy import Label
from edge3dpose.evaluation.progress import tracked
from edge3dpose.records import Pixel, Sha256, Share, from_json
from edge3dpose.runtime.detectors import open_detector
from edge3dpose.runtime.sources import open_source, sample
from edge3dpose.skeletons import H36M17
from edge3dpose.types import Array, Box, Frame, Progress

SCHEMA = "edge3dpose.labels/1"
JOINTS = len(H36M17.joints)
SURE = 0.5  # visibility from which on a joint is scored

Row = tuple[Array, Array] | None  # pixels (J, 2), NaN where unknown, and visibility (J,)


@dataclass(frozen=True, slots=True)
class _Content:
    clip_sha256: Sha256
    frames: tuple[tuple[tuple[Pixel, Pixel, Share] | None, ...] | None, ...]


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip, or a folder of unrelated photos, that is labelled."""

    root: str  # as the user names it
    name: str
    sha256: str
    related: bool  # False for photos

    @property
    def labels_file(self) -> Path:
        """Where the labels lie: the sample's beside the sample, all others in data/."""
        if self.name == "sample":
            return sample.FILE.with_name("sample.labels.json")
        return paths.home() / "data" / "labels" / f"{self.name}.json"


def find_clip(root: str) -> Clip:
    """A video file, a folder of photos or "sample"; BadInput for anything else."""
    name, sha256 = _identity(root)
    with closing(open_source(root)) as source:
        return Clip(root, name, sha256, source.related)


def write(path: Path, rows: list[Row], *, clip_sha256: str, teacher: str) -> None:
    """Write the labels of a clip, whole or not at all."""
    content = {
        "schema": SCHEMA,
        "clip_sha256": clip_sha256,
        "teacher": teacher,
        "frames": [_plain(row) for row in rows],
    }
    lines = json.dumps(content).replace("]], ", "]],\n").replace('"frames": ', '"frames":\n')
    storage.write_text(path, lines + "\n")


def read(path: Path, clip_sha256: str) -> list[Label | None]:
    """The labels of a clip; EngineMismatch where they are another clip's."""
    if not path.is_file():
        raise BadInput(
            f"no labels at {path}; make them with the teacher: pass --teacher "
            "pose_landmark_heavy.tflite as well"
        )
    content = from_json(_Content, storage.load_json(path, SCHEMA), str(path))
    if content.clip_sha256 != clip_sha256:
        raise EngineMismatch(
            f"{path} labels the clip {content.clip_sha256[:12]}..., this one is "
            f"{clip_sha256[:12]}...; delete it and pass --teacher to label this clip"
        )
    if any(row is not None and len(row) != JOINTS for row in content.frames):
        raise BadInput(f"{path}: a frame has another number of joints than {JOINTS}")
    return [_label(row) for row in content.frames]


def make(clip: Clip, teacher: Path, progress: Progress | None = None) -> list[Row]:
    """The teacher's joints in every frame of a clip, or in each photo.

    Its first ROI comes from the runtime's detector; in a photo where that finds nobody, it is the
    whole photo, so that a hard photo counts.
    """
    from edge3dpose.training.teacher import blazepose

    detect, network = open_detector("blazepose"), blazepose.open_teacher(teacher)

    def find(image: Any) -> Box | None:
        return max(detect(Frame(image, 0, 0.0)), key=lambda box: box.score, default=None)

    with closing(open_source(clip.root)) as source:
        frames = tracked(source, "labels", source.frames, progress)
        images = (frame.image for frame in frames)
        if clip.related:
            found = blazepose.track(network, images, find)
        else:
            found = (
                blazepose.landmarks_in_box(network, image, find(image) or _whole(image))
                for image in images
            )
        return [landmarks.joints() if landmarks else None for landmarks in found]


def _whole(image: Any) -> Box:
    return Box(0, 0, image.shape[1], image.shape[0])


def _identity(root: str) -> tuple[str, str]:
    """Name and hash of what is labelled."""
    if root == "sample":
        return "sample", paths.sha256_of(sample.FILE)
    path = Path(root)
    if path.is_file():
        return path.stem, paths.sha256_of(path)
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.is_file())
        parts = "".join(file.name + paths.sha256_of(file) for file in files)
        return path.resolve().name, hashlib.sha256(parts.encode()).hexdigest()
    raise BadInput(f"no clip {root}; --dataset clip takes a video file or sample")


def _plain(row: Row) -> list | None:
    if row is None:
        return None
    pixels, visibility = row
    return [
        None if np.isnan(xy).any() else [*(round(float(v), 1) for v in xy), round(float(s), 3)]
        for xy, s in zip(pixels, visibility, strict=True)
    ]


def _label(row: tuple | None) -> Label | None:
    if row is None:
        return None
    values = np.array([joint or (0, 0, 0) for joint in row], np.float32)
    return Label(values[:, :2], values[:, 2] >= SURE)
