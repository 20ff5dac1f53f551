"""The sections of a clip -> one poses file, as if the clip had been read in one go."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from edge3dpose.archive.same_people import same_people
from edge3dpose.archive.sections import Plan, Span
from edge3dpose.errors import BadInput
from edge3dpose.poses_file import CAMERA_EVENT, line_of, read_poses
from edge3dpose.skeletons import Skeleton
from edge3dpose.types import Pose3D


@dataclass(slots=True)
class Joined:
    """What was written, counted."""

    frames: int = 0
    with_people: int = 0
    poses: int = 0
    first_s: float = 0.0
    last_s: float = 0.0
    ids: set[int | None] = field(default_factory=set)

    def add(self, content: Mapping[str, Any]) -> None:
        """A line of a frame."""
        self.last_s = content["time_s"]
        if not self.frames:
            self.first_s = self.last_s
        self.frames += 1
        self.with_people += bool(content["people"])
        self.poses += len(content["people"])
        self.ids.update(person["id"] for person in content["people"])


def join(plan: Plan, files: list[Path], out: Path) -> Joined:
    """Write one poses file: frames numbered through, each person with one id.

    files  the poses of the plan's sections
    Raises BadInput where one cannot be read.
    """
    with open(out, "w", encoding="utf-8", newline="\n") as file:
        joint = _Joint(file)
        for number, (span, poses) in enumerate(zip(plan.spans, files, strict=True)):
            later = plan.spans[number + 1 :]
            try:
                joint.add(span, poses, later[0].first_s if later else None)
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise BadInput(f"section {number + 1} cannot be read: {error}") from None
    return joint.joined


class _Joint:
    """Takes one section after another.

    The ids of the first section stay as they are; who comes later has the next number.
    """

    def __init__(self, out: TextIO) -> None:
        self.joined = Joined()
        self._out = out
        self._camera: Any = None  # of the last frame that was written
        self._sections = self._next_id = 0
        self._kept: dict[float, list[Pose3D]] = {}  # what the next section has too

    def add(self, span: Span, file: Path, next_s: float | None) -> None:
        """The frames of a section that are used; from ``next_s`` on they are kept as well."""
        poses = read_poses(file)
        overlap: dict[float, list[Pose3D]] = {}
        names: dict[int, int] | None = None
        before, self._kept = self._kept, {}
        self._sections += 1
        if self._sections == 1:
            self._write(poses.header)
            self._camera = _numbers(poses.header.get("camera"))
        for content, camera in _frames(file, _numbers(poses.header.get("camera"))):
            time_s = content["time_s"]
            if time_s < span.from_s:
                overlap[time_s] = _people(content, poses.skeleton)
                continue
            if names is None:
                names = same_people(before, overlap)
            if camera != self._camera:
                self._camera = camera
                self._write({"event": CAMERA_EVENT, "time_s": time_s, "camera": camera})
            for person in content["people"]:
                if person["id"] is not None:
                    person["id"] = self._named(person["id"], names)
            self._write({**content, "frame": self.joined.frames})
            self.joined.add(content)
            if next_s is not None and time_s >= next_s - 1e-4:
                self._kept[time_s] = _people(content, poses.skeleton)

    def _named(self, own: int, names: dict[int, int]) -> int:
        if own not in names:
            names[own] = own if self._sections == 1 else self._next_id
        self._next_id = max(self._next_id, names[own] + 1)
        return names[own]

    def _write(self, content: Mapping[str, Any]) -> None:
        self._out.write(line_of(content))


def _frames(file: Path, camera: Any) -> Iterator[tuple[dict[str, Any], Any]]:
    """The lines of the frames, and the camera of each."""
    with open(file, encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            content = json.loads(line)
            if content.get("event") == CAMERA_EVENT:
                camera = _numbers(content["camera"])
            elif "people" in content:
                yield content, camera


def _people(content: Mapping[str, Any], skeleton: Skeleton) -> list[Pose3D]:
    return [Pose3D.from_dict(person, skeleton) for person in content["people"]]


def _numbers(camera: Any) -> Any:
    """What of a camera changes with the frames, as an event has it: all but whence it is known."""
    return camera and {k: v for k, v in camera.items() if k not in ("measured", "assumed")}
