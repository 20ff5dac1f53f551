"""People over time as one table: a row a person and moment."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge3dpose.kinematics.axes import Axes
from edge3dpose.kinematics.clip import MotionClip
from edge3dpose.skeletons import H36M17

UNKNOWN_ID = -1


def table_of(clips: Sequence[MotionClip], axes: Axes) -> dict[str, NDArray]:
    """Columns: time_s, track_id, then x, y, z in mm and the score of each joint; NaN in gaps.

    Rows are in the order of people, then of time. An unknown track_id is -1.
    """
    ids = [UNKNOWN_ID if clip.track_id is None else clip.track_id for clip in clips]
    table: dict[str, NDArray] = {
        "time_s": np.concatenate([clip.time_s for clip in clips]),
        "track_id": np.repeat(np.array(ids, np.int64), [len(clip.time_s) for clip in clips]),
    }
    places = axes.directions(np.concatenate([clip.joints_mm for clip in clips]))
    scores = np.concatenate([clip.score for clip in clips])
    for joint, name in enumerate(H36M17.joints):
        for n, axis in enumerate("xyz"):
            table[f"{name}_{axis}_mm"] = places[:, joint, n]
        table[f"{name}_score"] = scores[:, joint]
    return table


def said_of(clips: Sequence[MotionClip]) -> str:
    """The table in a line."""
    if len(clips) == 1:
        return clips[0].text
    rows = sum(len(clip.time_s) for clip in clips)
    return f"{len(clips)} people, {rows} rows" + (
        f", {clips[0].floor.text}" if clips[0].floor else ""
    )
