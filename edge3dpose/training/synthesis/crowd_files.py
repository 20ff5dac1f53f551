"""Crowds as files: a video and its truth each.

NAME.mp4 and NAME.npz, of T frames and P people, the same row each in every frame:
joints_mm   (T, P, 17, 3) float32 from the camera, h36m17
pixels      (T, P, 17, 2) float32 frame pixels
visible     (T, P, 17) in the frame, and nothing hides it
hidden      (T, P) float32 share of the person's outline that others hide or that is outside
boxes       (T, P, 4) float32 x0 y0 x1 y1 of the outline in the frame, NaN where outside
focal_px, centre_px, fps; bodies (P,), roles (P,)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge3dpose import paths, plain_arrays, storage
from edge3dpose.errors import BadInput, MissingDependency
from edge3dpose.training.synthesis.crowds import Crowd, CrowdFrame, CrowdSynthesizer
from edge3dpose.types import Camera, Progress

SCHEMA = "edge3dpose.crowd/1"
_ARRAYS = ("joints_mm", "pixels", "visible", "hidden", "boxes")
_FORMS: dict[str, plain_arrays.Form] = {
    "joints_mm": ("f", ("T", "P", 17, 3)),
    "pixels": ("f", ("T", "P", 17, 2)),
    "visible": ("b", ("T", "P", 17)),
    "hidden": ("f", ("T", "P")),
    "boxes": ("f", ("T", "P", 4)),
    "video_sha256": ("U", ()),
    "fps": ("fi", ()),
    "focal_px": ("fi", ()),
    "centre_px": ("fi", (2,)),
}
_ABOVE_0 = ("fps", "focal_px", "centre_px")


@dataclass(frozen=True, eq=False)
class CrowdTruth:
    """A sequence on the disk; arrays as in this module's text."""

    video: Path
    fps: float
    camera: Camera
    joints_mm: NDArray[np.float32]
    pixels: NDArray[np.float32]
    visible: NDArray[np.bool_]
    hidden: NDArray[np.float32]
    boxes: NDArray[np.float32]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the frames, pixels: the camera's centre is in the middle."""
        x, y = self.camera.centre_px
        return round(2 * x), round(2 * y)

    @property
    def name(self) -> str:
        """Of the files."""
        return self.video.stem


def write_crowds(
    crowds: CrowdSynthesizer, folder: Path, numbers: range, progress: Progress | None = None
) -> Iterator[Path]:
    """Render the crowds of these numbers that are not there yet; gives each video."""
    for number in numbers:
        video = folder / f"crowd-{number:03d}.mp4"
        if not (video.is_file() and video.with_suffix(".npz").is_file()):
            _write(crowds.crowd(number), video, crowds.shape.fps, progress)
        yield video


def _write(crowd: Crowd, video: Path, fps: float, progress: Progress | None) -> None:
    found: list[CrowdFrame] = []
    with storage.writing(video) as temporary:
        writer = None
        try:
            for frame in crowd.frames:
                if writer is None:
                    size = (frame.image.shape[1], frame.image.shape[0])
                    writer = _writer(temporary, fps, size)
                writer.write(frame.image)
                found.append(CrowdFrame(frame.image[:0], *(getattr(frame, n) for n in _ARRAYS)))
        finally:
            if writer is not None:
                writer.release()
    arrays = {name: np.stack([getattr(frame, name) for frame in found]) for name in _ARRAYS}
    with storage.writing(video.with_suffix(".npz")) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(
            file,
            schema=SCHEMA,
            video_sha256=paths.sha256_of(video),
            fps=fps,
            focal_px=crowd.focal_px,
            centre_px=crowd.centre_px,
            bodies=[person.number for person in crowd.people],
            roles=[person.role for person in crowd.people],
            **arrays,  # type: ignore[arg-type]
        )


def _writer(file: Path, fps: float, size: tuple[int, int]) -> cv2.VideoWriter:
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"mp4v"), fps, size)
    if not writer.isOpened():
        raise MissingDependency(
            f"this OpenCV ({cv2.__version__}) cannot write MP4; "
            "install one that can: pip install opencv-python-headless"
        )
    return writer


def read_crowds(folder: Path) -> list[CrowdTruth]:
    """The crowds of a folder, by name; BadInput where there is none or one is damaged."""
    files = sorted(folder.glob("*.npz"))
    if not files:
        raise BadInput(
            f"{folder} has no crowd; make some: edge3dpose render-crowds --assets FILE.npz "
            f"--out {folder}"
        )
    return [_read(file) for file in files]


def _read(file: Path) -> CrowdTruth:
    try:
        data = plain_arrays.read_npz(file)
    except BadInput as error:
        raise BadInput(f"{file}: not a readable crowd ({error}); render it again") from None
    if str(data.get("schema")) != SCHEMA:
        raise BadInput(f"{file}: schema {data.get('schema')}, wanted {SCHEMA}; render it again")
    plain_arrays.check(file, data, _FORMS)
    if not all(np.isfinite(data[name]).all() and (data[name] > 0).all() for name in _ABOVE_0):
        raise BadInput(f"{file}: {', '.join(_ABOVE_0)}: wanted numbers above 0")
    video = file.with_suffix(".mp4")
    if not video.is_file() or paths.sha256_of(video) != str(data["video_sha256"]):
        raise BadInput(f"{video} is not there or is another one than {file.name} knows")
    focal = float(data["focal_px"])
    x, y = (float(value) for value in data["centre_px"])
    return CrowdTruth(
        video,
        float(data["fps"]),
        Camera((focal, focal), (x, y)),
        *(data[name] for name in _ARRAYS),
    )
