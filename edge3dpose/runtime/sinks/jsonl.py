"""Poses as JSON lines, schema edge3dpose.poses/1: a header, then a line a frame."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from edge3dpose.errors import BadInput
from edge3dpose.runtime.sinks import part_of
from edge3dpose.types import Camera, Frame, Pose3D, Skeleton

SCHEMA = "edge3dpose.poses/1"
AXES = "x right, y down, z forward, from the camera (OpenCV); joints_mm relative to the root joint"


def header_of(skeleton: Skeleton, **about: Any) -> dict[str, Any]:
    """The fixed part of a header, then what the caller knows: model, cut, source ..."""
    return {
        "schema": SCHEMA,
        "skeleton": skeleton.name,
        "joints": list(skeleton.joints),
        "units": "mm",
        "axes": AXES,
        **about,
    }


def open_sink(
    path: Path,
    header: dict[str, Any],
    *,
    live: bool = False,
) -> JsonLines:
    """Begin a file; the header is completed with the camera of the first frame.

    live   every line reaches the disk at once, so that a crash loses nothing: it is left beside, as
           NAME.part.jsonl
    """
    return JsonLines(path, header, live)


class JsonLines:
    """Grows under a name with .part in the same folder and takes its own in close()."""

    skips = main_thread = False

    def __init__(self, path: Path, header: dict[str, Any], live: bool) -> None:
        self._path = path
        self._header: dict[str, Any] | None = header
        self._part = part_of(path)
        buffering = 1 if live else -1  # line by line, or as the system likes
        self._file = open(self._part, "w", buffering, encoding="utf-8")  # noqa: SIM115 (stays open)

    def __call__(self, frame: Frame, poses: list[Pose3D]) -> None:
        """Write the line of a frame."""
        if self._header is not None:
            self._write({**self._header, "camera": _camera(self._header, frame)})
            self._header = None
        line: dict[str, Any] = {"frame": frame.index, "time_s": round(frame.time_s, 4)}
        if frame.name is not None:
            # unrelated pictures may have sizes of their own, and so cameras of their own
            line |= {"image": frame.name, "camera": _numbers(frame)}
        line |= frame.facts
        line["people"] = [_person(pose) for pose in poses]
        self._write(line)

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """Give the file its name."""
        if self._file.closed:
            return
        try:
            self._file.close()  # writes what the buffer holds
            os.replace(self._part, self._path)
        except OSError as error:
            self._part.unlink(missing_ok=True)
            raise BadInput(f"cannot write {self._path}: {error.strerror or error}") from error

    def discard(self) -> None:
        """Remove what was written."""
        with suppress(OSError):
            self._file.close()
        self._part.unlink(missing_ok=True)

    def _write(self, content: dict[str, Any]) -> None:
        try:
            self._file.write(json.dumps(content, separators=(",", ":"), allow_nan=False) + "\n")
        except OSError as error:
            raise BadInput(f"cannot write {self._path}: {error.strerror or error}") from error


def _person(pose: Pose3D) -> dict[str, Any]:
    box = pose.box
    return {
        "id": pose.track_id,
        "box": [round(v, 1) for v in (box.x0, box.y0, box.x1, box.y1)] if box else None,
        "box_angle_rad": round(box.angle_rad, 4) if box else None,
        "joints_mm": _rounded(pose.joints_mm, 1),
        "pixels": _rounded(pose.pixels, 2),
        "score": _rounded(pose.score, 3),
        "root_mm": None if pose.root_mm is None else _rounded(pose.root_mm, 1),
    } | ({} if pose.std_mm is None else {"std_mm": _rounded(pose.std_mm, 1)})


def _rounded(values: Any, digits: int) -> Any:
    # through float64: a float32 rounded to 0.1 prints as 0.10000000149
    return values.astype(float).round(digits).tolist()


def _camera(header: dict[str, Any], frame: Frame) -> dict[str, Any] | None:
    return None if frame.camera is None else {**_numbers(frame), **header.get("camera", {})}


def _numbers(frame: Frame) -> dict[str, Any]:
    camera: Camera | None = frame.camera
    if camera is None:
        return {}
    height, width = frame.image.shape[:2]
    return {
        "size": [width, height],
        "focal_px": [round(f, 3) for f in camera.focal_px],
        "centre_px": [round(c, 3) for c in camera.centre_px],
        "distortion": list(camera.distortion),
    }
