"""One person's poses over time: out of a poses file, or of poses that a program has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge3dpose import checks
from edge3dpose.errors import BadInput
from edge3dpose.poses_file import FramePoses, PosesFile, read_poses
from edge3dpose.skeletons import H36M17, Skeleton
from edge3dpose.types import Pose3D

ASSUMED_FPS = 30.0  # of poses that come without a time

PosesArgument: TypeAlias = "str | Path | PosesFile | Iterable[FramePoses] | Iterable[Pose3D]"
_Seen: TypeAlias = "dict[int | None, list[tuple[float, Pose3D]]]"


@dataclass(frozen=True, eq=False)
class Track:
    """One person in F frames, in the order of time. Camera axes (OpenCV), millimetres."""

    track_id: int | None
    time_s: NDArray[np.float64]  # (F,)
    joints_mm: NDArray[np.float32]  # (F, J, 3) relative to the root joint
    root_mm: NDArray[np.float32]  # (F, 3) from the camera; NaN where it is not known
    score: NDArray[np.float32]  # (F, J)
    skeleton: Skeleton = H36M17


def read_track(poses: PosesArgument, track_id: int | None = None) -> tuple[Track, dict[str, Any]]:
    """One person, and the header of the poses file (empty where there is none).

    poses     a poses file or its path; or FramePoses; or Pose3D, taken as 30 a second
    track_id  None for the person who is in most frames

    Raises BadInput where nobody is in it, that person is not, or a frame cannot be read.
    """
    if track_id is not None:
        track_id = checks.count("track_id", track_id, least=0)
    people, name, header = _people(poses)
    if track_id is None:
        track_id = max(people, key=lambda one: len(people[one]))
    elif track_id not in people:
        known = ", ".join(str(one) for one in list(people)[:20])
        raise BadInput(f"{name} has no person {track_id}; there is: {known}")
    return _track(track_id, people[track_id], name), header


def read_tracks(poses: PosesArgument) -> tuple[list[Track], dict[str, Any]]:
    """Everybody, those first who are in most frames, and the header of the poses file.

    poses  see ``read_track``, which says what is raised
    """
    people, name, header = _people(poses)
    tracks = [_track(track_id, seen, name) for track_id, seen in people.items()]
    return sorted(tracks, key=lambda track: -len(track.time_s)), header


def _people(poses: PosesArgument) -> tuple[_Seen, str, dict[str, Any]]:
    """Times and poses by track id, the name of where they are from, and its header."""
    if isinstance(poses, str | Path):
        poses = read_poses(poses)
    name = str(poses.path) if isinstance(poses, PosesFile) else "the poses"
    header = poses.header if isinstance(poses, PosesFile) else {}
    people: _Seen = {}
    frames = 0
    for time_s, pose in _timed(poses):
        frames += 1
        if pose is not None:
            people.setdefault(pose.track_id, []).append((time_s, pose))
    if not people:
        raise BadInput(f"nobody is in {name} ({frames} frames): there is no person to take")
    return people, name, header


def _timed(poses: Any) -> Iterable[tuple[float, Pose3D | None]]:
    """(time, person) of every person; (time, None) of a frame with nobody."""
    if not isinstance(poses, Iterable):
        raise BadInput(f"poses is a {type(poses).__name__}; wanted a poses file or Pose3D")
    for number, one in enumerate(poses):
        if isinstance(one, Pose3D):
            yield number / ASSUMED_FPS, one
        elif isinstance(one, FramePoses):
            yield from ((one.time_s, person) for person in one.people)
            if not one.people:
                yield one.time_s, None
        else:
            raise BadInput(f"poses holds a {type(one).__name__}; wanted Pose3D or FramePoses")


def _track(track_id: int | None, seen: list[tuple[float, Pose3D]], name: str) -> Track:
    seen.sort(key=lambda pair: pair[0])
    skeletons = {pose.skeleton for _, pose in seen}
    if skeletons != {H36M17}:
        raise BadInput(f"{name} has joints of another skeleton; wanted {H36M17.name}")
    if not all(pose.is_3d for _, pose in seen):
        raise BadInput(f"{name} has 2D poses; wanted positions in space")
    unknown = np.full(3, np.nan, np.float32)
    roots = [unknown if pose.root_mm is None else pose.root_mm for _, pose in seen]
    track = Track(
        track_id,
        np.array([time_s for time_s, _ in seen]),
        np.stack([pose.joints_mm for _, pose in seen]),
        np.stack(roots),
        np.stack([pose.score for _, pose in seen]),
    )
    if not np.isfinite(track.joints_mm).all():
        raise BadInput(f"{name} has joints that are no finite numbers")
    return track
