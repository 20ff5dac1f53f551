"""Poses as a Parquet table: a row a person and frame, the same columns in every part.

    clip                 text: name of the clip in the archive
    frame                int64
    time_s               float64
    person               int64: track id within the clip, -1 where unknown
    root_x_mm ...        float32: root joint from the camera; null where unknown
    JOINT_x_mm ...       float32: relative to the root joint, OpenCV axes; null where unknown
    JOINT_u_px, _v_px    float32
    JOINT_score          float32

The numbers are those of the JSON lines. The header of the poses file is in the schema's metadata,
key edge3dpose.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge3dpose.errors import MissingDependency
from edge3dpose.poses_file import PosesFile, read_poses
from edge3dpose.types import Pose3D

FRAMES_AT_ONCE = 4096  # frames of a row group: what is in memory
UNKNOWN_ID = -1


def check_package() -> None:
    """MissingDependency where Parquet cannot be written."""
    _package()


def write_parquet(poses: Path, clip: str, part: Path) -> None:
    """Poses as JSON lines -> a Parquet file, a few thousand frames at a time.

    Raises BadInput where the poses cannot be read.
    """
    arrow, parquet = _package()
    read = read_poses(poses)
    schema = _schema(arrow, read)
    with parquet.ParquetWriter(str(part), schema) as writer:
        for rows in _batches(read):
            writer.write_table(arrow.table(_columns(arrow, clip, rows, schema), schema=schema))


def _batches(poses: PosesFile) -> Iterator[list[tuple[int, float, Pose3D]]]:
    """Rows of so many frames; at least one batch, which may be empty."""
    frames = iter(poses)
    first = True
    while (some := list(islice(frames, FRAMES_AT_ONCE))) or first:
        first = False
        yield [(frame.index, frame.time_s, person) for frame in some for person in frame.people]


def _schema(arrow: Any, poses: PosesFile) -> Any:
    flat = _is_flat(poses.header)
    names = [] if flat else [f"root_{axis}_mm" for axis in "xyz"]
    space = () if flat else ("x_mm", "y_mm", "z_mm")
    for joint in poses.skeleton.joints:
        names += [f"{joint}_{what}" for what in (*space, "u_px", "v_px", "score")]
    fields = [("clip", arrow.string()), ("frame", arrow.int64()), ("time_s", arrow.float64())]
    fields += [("person", arrow.int64()), *((name, arrow.float32()) for name in names)]
    header = json.dumps(poses.header)
    return arrow.schema(fields, metadata={"edge3dpose": header})


def _is_flat(header: Mapping[str, Any]) -> bool:
    """Whether the poses are 2D: the table has no columns in mm then."""
    return header.get("dimensions") == 2


def _columns(
    arrow: Any, clip: str, rows: list[tuple[int, float, Pose3D]], schema: Any
) -> list[Any]:
    people = [person for _, _, person in rows]
    numbers = np.array([_numbers(person) for person in people], np.float32)
    numbers = numbers.reshape(len(rows), len(schema) - 4)
    ids = [UNKNOWN_ID if person.track_id is None else person.track_id for person in people]
    return [
        arrow.array([clip] * len(rows), arrow.string()),
        arrow.array([frame for frame, _, _ in rows], arrow.int64()),
        arrow.array([time_s for _, time_s, _ in rows], arrow.float64()),
        arrow.array(ids, arrow.int64()),
        *(arrow.array(column, arrow.float32(), from_pandas=True) for column in numbers.T),
    ]


def _numbers(person: Pose3D) -> NDArray[np.float32]:
    """root x, y, z; then x, y, z, u, v, score of each joint; of 2D poses u, v, score alone.

    NaN where unknown.
    """
    if not person.is_3d:
        return np.concatenate([person.pixels, person.score[:, None]], axis=1).ravel()
    root = np.full(3, np.nan) if person.root_mm is None else person.root_mm
    parts = (person.joints_mm, person.pixels, person.score[:, None])
    return np.concatenate([root, np.concatenate(parts, axis=1).ravel()])


def _package() -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingDependency(
            'parquet needs pyarrow; pip install "edge3dpose[parquet]"'
        ) from None
    return pyarrow, pyarrow.parquet
