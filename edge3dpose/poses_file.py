"""Poses as JSON lines, schema edge3dpose.poses/1: lines out of frames, and frames out of a file.

The first line is a header; every further line is one frame with its people (docs/formats.md).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from edge3dpose import bounded_json, checks
from edge3dpose.errors import BadInput
from edge3dpose.joint_lists import header_of_skeleton, skeleton_of_header
from edge3dpose.pose_json import LARGEST_ID
from edge3dpose.skeletons import Skeleton
from edge3dpose.types import Array, Frame, Pose3D

if TYPE_CHECKING:
    import pandas

_log = logging.getLogger(__name__)

SCHEMA = "edge3dpose.poses/1"
CAMERA_EVENT = "camera"
AXES_2D = "x right, y down, in the frame"
LONGEST_LINE = 16 << 20  # characters; a frame of a hundred people has a fifth of a million
AXES = "x right, y down, z forward, from the camera (OpenCV); joints_mm relative to the root joint"


@dataclass(frozen=True, slots=True)
class FramePoses:
    """One line of a poses file: a frame and the people in it.

    facts  what else the line says: image (of a folder of pictures), age_s, dropped, cut; and the
           camera, where it is not that of the header
    """

    index: int
    time_s: float
    people: list[Pose3D]
    facts: dict[str, Any]


class PosesFile:
    """A poses file that was read with ``read_poses``; iterate over it for its frames.

    header    the first line: schema, skeleton, joints, units, axes, model, cut, precision,
              backend, source, camera ...
    skeleton  the joint set of every pose
    """

    def __init__(self, path: Path, header: dict[str, Any], skeleton: Skeleton) -> None:
        self.path, self.header, self.skeleton = path, header, skeleton

    def __repr__(self) -> str:
        return f"PosesFile({str(self.path)!r}, {self.header.get('model')}, {self.skeleton.name})"

    def __iter__(self) -> Iterator[FramePoses]:
        """Every frame in the order of the file, read line by line.

        Raises BadInput with the number of a line that is not a frame.
        """
        try:
            with open(self.path, encoding="utf-8") as file:
                file.readline(LONGEST_LINE)
                changed: dict[str, Any] = {}
                for number, line in enumerate(_lines(file), start=2):
                    if (event := _event_of(line)) is None:
                        frame = self._frame(number, line)
                        frame.facts.update({**changed, **frame.facts})
                        yield frame
                    elif event["event"] == CAMERA_EVENT:
                        changed = {"camera": event.get("camera")}
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"{self.path} cannot be read: {error}") from None

    def events(self) -> list[dict[str, Any]]:
        """What happened besides frames: source_lost, source_back, camera ... with their times.

        Raises BadInput where the file cannot be read.
        """
        try:
            with open(self.path, encoding="utf-8") as file:
                file.readline(LONGEST_LINE)
                return [event for line in _lines(file) if (event := _event_of(line)) is not None]
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"{self.path} cannot be read: {error}") from None

    def to_numpy(self) -> dict[str, np.ndarray]:
        """One row a person and frame.

        Returns frame (M,) and track_id (M,) int64, time_s (M,) float64, joints_mm (M, J, 3),
        pixels (M, J, 2), score (M, J) and root_mm (M, 3) float32. An unknown track_id is -1, an
        unknown root_mm is NaN. joints_mm is absent where the poses are 2D.
        """
        rows = [(frame, person) for frame in self for person in frame.people]
        J = len(self.skeleton.joints)
        unknown = np.full(3, np.nan, np.float32)
        roots = [unknown if p.root_mm is None else p.root_mm for _, p in rows]
        ids = [-1 if p.track_id is None else p.track_id for _, p in rows]
        mm = [p.joints_mm for _, p in rows if p.joints_mm is not None]
        if mm and len(mm) < len(rows):
            raise BadInput(f"{self.path} has 2D and 3D poses; read them frame by frame")
        return {
            "frame": np.array([frame.index for frame, _ in rows], np.int64),
            "time_s": np.array([frame.time_s for frame, _ in rows], np.float64),
            "track_id": np.array(ids, np.int64),
            **({"joints_mm": _stacked(mm, (J, 3))} if mm or not rows else {}),
            "pixels": _stacked([p.pixels for _, p in rows], (J, 2)),
            "score": _stacked([p.score for _, p in rows], (J,)),
            "root_mm": _stacked(roots, (3,)),
        }

    def to_pandas(self) -> pandas.DataFrame:
        """One row a joint, person and frame.

        Columns: frame, time_s, track_id, joint, x_mm, y_mm, z_mm (relative to the root joint),
        u_px, v_px, score, root_x_mm, root_y_mm, root_z_mm; no x_mm, y_mm, z_mm of 2D poses.
        Raises MissingDependency without pandas.
        """
        from edge3dpose.errors import MissingDependency

        try:
            import pandas
        except ImportError:
            raise MissingDependency("to_pandas needs pandas; pip install pandas") from None
        arrays, J = self.to_numpy(), len(self.skeleton.joints)
        columns: dict[str, Any] = {
            name: np.repeat(arrays[name], J) for name in ("frame", "time_s", "track_id")
        }
        columns["joint"] = np.tile(np.array(self.skeleton.joints), len(arrays["frame"]))
        for n, axis in enumerate("xyz" if "joints_mm" in arrays else ""):
            columns[f"{axis}_mm"] = arrays["joints_mm"][..., n].ravel()
        for n, axis in enumerate("uv"):
            columns[f"{axis}_px"] = arrays["pixels"][..., n].ravel()
        columns["score"] = arrays["score"].ravel()
        for n, axis in enumerate("xyz"):
            columns[f"root_{axis}_mm"] = np.repeat(arrays["root_mm"][:, n], J)
        return pandas.DataFrame(columns)

    def _frame(self, number: int, line: str) -> FramePoses:
        try:
            content = bounded_json.parse(line, "it")
            people = [Pose3D.from_dict(one, self.skeleton) for one in content.pop("people")]
            index, time_s = content.pop("frame"), content.pop("time_s")
            if type(index) is not int or abs(index) > LARGEST_ID:
                raise ValueError(f"frame is {index!r}, wanted a whole number")
            if type(time_s) not in (int, float):
                raise ValueError(f"time_s is {time_s!r}, wanted a number")
            time_s = float(time_s)
        except (BadInput, OverflowError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadInput(f"{self.path}, line {number} is no frame of poses: {error}") from None
        return FramePoses(index, time_s, people, content)


def read_poses(path: str | Path) -> PosesFile:
    """Open a file that ``run --jsonl`` wrote.

    Returns its header, and its frames when iterated. Raises BadInput where the file is missing or
    is no poses file.

    Example::

        poses = edge3dpose.read_poses("out.jsonl")
        print(poses.header["model"])
        for frame in poses:
            for person in frame.people:
                print(frame.time_s, person["left_wrist"])
    """
    path = checks.file_name("path", path) or Path()
    try:
        with open(path, encoding="utf-8") as file:
            first = file.readline(LONGEST_LINE)
            if not first.strip():
                raise BadInput("its first line is empty" if first else "it is empty")
            header = bounded_json.parse(first, "its first line")
    except FileNotFoundError:
        raise BadInput(f"no poses file {path}") from None
    except (OSError, ValueError, BadInput) as error:
        raise BadInput(f"{path} is no poses file ({SCHEMA}): {error}") from None
    schema = header.get("schema") if isinstance(header, dict) else None
    if schema != SCHEMA:
        raise BadInput(f"{path} has schema {repr(schema)[:60]}, wanted {SCHEMA!r}")
    try:
        return PosesFile(path, header, skeleton_of_header(header))
    except ValueError as error:
        raise BadInput(f"{path}: its skeleton cannot be read: {error}") from None


def _lines(file: TextIO) -> Iterator[str]:
    """The lines from here on; one that is too long comes in pieces, none of which is a frame.

    A last line that was cut off, as by a kill or a loss of power, is told and left out.
    """
    while line := file.readline(LONGEST_LINE):
        if not line.endswith("\n") and len(line) < LONGEST_LINE and not _is_whole(line):
            _log.warning("%s: the last line is cut off and left out", file.name)
            return
        yield line


def _is_whole(line: str) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    except RecursionError:
        return True  # refused by whoever reads it
    return True


def header_of(skeleton: Skeleton, **facts: Any) -> dict[str, Any]:
    """The fixed part of a header, then what the caller knows: model, cut, source ..."""
    flat = facts.get("dimensions") == 2
    return {
        "schema": SCHEMA,
        **header_of_skeleton(skeleton),
        **({"units": "px", "axes": AXES_2D} if flat else {"units": "mm", "axes": AXES}),
        **facts,
    }


def header_line(header: dict[str, Any], first: Frame) -> str:
    """The first line of a file: the header, completed with the camera of the first frame."""
    return line_of(with_camera(header, first))


def with_camera(header: Mapping[str, Any], first: Frame) -> dict[str, Any]:
    """A header completed with the camera of the first frame."""
    camera = first.camera and {**_camera(first), **header.get("camera", {})}
    return {**header, "camera": camera}


def frame_line(frame: Frame, people: list[Pose3D]) -> str:
    """The line of a frame."""
    content: dict[str, Any] = {"frame": frame.index, "time_s": round(float(frame.time_s), 4)}
    if frame.name is not None:
        # unrelated pictures may have sizes of their own, and so cameras of their own
        content |= {"image": frame.name, "camera": _camera(frame)}
    return line_of({**content, **frame.facts, "people": [person.to_dict() for person in people]})


def _event_of(line: str) -> dict[str, Any] | None:
    """The event in a line; None for a line of something else."""
    if not line.startswith('{"event"'):  # as this package writes it; frames are long
        return None
    try:
        event = bounded_json.parse(line, "it")
    except BadInput:
        return None
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else None


def event_line(event: dict[str, Any]) -> str:
    """The line of an event; see docs/formats.md."""
    return line_of(event)


def camera_event(frame: Frame) -> dict[str, Any]:
    """Frames have another size from this one on: their camera."""
    time_s = round(float(frame.time_s), 4)
    return {"event": CAMERA_EVENT, "time_s": time_s, "camera": _camera(frame)}


def _camera(frame: Frame) -> dict[str, Any]:
    if frame.camera is None:
        return {}
    width, height = frame.size_px
    return {
        "size": [width, height],
        "focal_px": [round(float(f), 3) for f in frame.camera.focal_px],
        "centre_px": [round(float(c), 3) for c in frame.camera.centre_px],
        "distortion": [float(k) for k in frame.camera.distortion],
        **({"fisheye": True} if frame.camera.fisheye else {}),
        **(
            {} if frame.camera.up is None else {"up": [round(float(a), 6) for a in frame.camera.up]}
        ),
        **(
            {}
            if frame.camera.above_floor_mm is None
            else {"above_floor_mm": round(float(frame.camera.above_floor_mm), 1)}
        ),
    }


def line_of(content: Mapping[str, Any]) -> str:
    """A line of a poses file."""
    return json.dumps(content, separators=(",", ":"), allow_nan=False) + "\n"


def _stacked(arrays: list[Array], shape: tuple[int, ...]) -> Array:
    return np.stack(arrays) if arrays else np.empty((0, *shape), np.float32)
