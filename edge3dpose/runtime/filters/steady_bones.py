"""Each person keeps bones of one length: learned over the run, then held.

A bone does not change its length; in the poses of a network it does, by several percent from frame
to frame. The lengths of a person are running medians over the last half minute, left and right
together. Each pose is changed to them: bones keep their directions, the root keeps its place. (To
scale the distance with the size was tried: it made the root's depth unsteady.) The constraint is
that of Wang et al., "3D Human Pose Machines with Self-supervised Learning", arXiv 1901.03798, with
the person's own lengths instead of a mean body's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from edge3dpose.plugins import PluginOption
from edge3dpose.runtime.filters import Filter, FilterPlugin
from edge3dpose.skeletons import H36M17
from edge3dpose.types import Array, Frame, Pose3D

EVERY_S, KEPT = 0.3, 100  # a sample of the lengths; so many are kept
SURE = 0.5  # score from which on a joint's bones count
FORGET_S = 2.0  # a person who was away for longer is measured anew

_ENDS = np.arange(1, len(H36M17.joints))
_STARTS = np.array(H36M17.parents[1:])
_OTHERS = np.array(H36M17.mirror)[1:] - 1  # the same bone of the other side


class SteadyBonesPlugin(FilterPlugin):
    """--steady-bones."""

    name = "steady-bones"
    order = 8  # after the lift, before a body height is applied
    over_time = True
    options = (
        PluginOption(
            "--steady-bones/--no-steady-bones",
            "Give each person bones of one length, learned over the run.",
            kind=bool,
            default=True,
            show_default=True,
        ),
    )

    def is_on(self, values: Mapping[str, Any]) -> bool:
        """Unless --no-steady-bones."""
        return bool(values["steady_bones"])

    def open(self, values: Mapping[str, Any]) -> Filter:
        """The filter."""
        return SteadyBones()

    def header(self, values: Mapping[str, Any], *, on: bool) -> dict[str, Any]:
        """Whether bones keep their lengths."""
        return {"steady_bones": on}


@dataclass(slots=True)
class _Body:
    """What is known of a person's bones."""

    last_s: float
    sampled_s: float = -np.inf
    samples: list[Array] = field(default_factory=list)  # (16,) each, NaN where unsure
    lengths_mm: Array | None = None


class SteadyBones(Filter):
    """Holds the bone lengths of each track id; people of other skeletons are left as they are."""

    def __init__(self) -> None:
        self._bodies: dict[int | None, _Body] = {}

    def __call__(self, frame: Frame, poses: list[Pose3D]) -> list[Pose3D]:
        """The people, each with bones of one length."""
        steady = [self._steady(frame.time_s, p) if p.skeleton == H36M17 else p for p in poses]
        self._bodies = {
            track: body
            for track, body in self._bodies.items()
            if frame.time_s - body.last_s <= FORGET_S
        }
        return steady

    def _steady(self, time_s: float, pose: Pose3D) -> Pose3D:
        body = self._bodies.setdefault(pose.track_id, _Body(time_s))
        body.last_s = time_s
        lengths = lengths_mm(pose.joints_mm)
        if time_s - body.sampled_s >= EVERY_S:
            self._sample(body, time_s, lengths, pose.score)
        known = body.lengths_mm
        if known is None or not (lengths > 1).all():
            return pose
        return replace(pose, joints_mm=with_lengths(pose.joints_mm, known))

    def _sample(self, body: _Body, time_s: float, lengths: Array, score: Array) -> None:
        sure = (score[_ENDS] >= SURE) & (score[_STARTS] >= SURE)
        seen = np.where(sure, lengths, np.nan).astype(np.float32)
        other = seen[_OTHERS]
        both = np.where(np.isnan(other), seen, np.where(np.isnan(seen), other, (seen + other) / 2))
        body.sampled_s = time_s
        body.samples = [*body.samples[1 - KEPT :], both]
        body.lengths_mm = _medians(np.stack(body.samples))


def _medians(samples: Array) -> Array | None:
    """(N, 16) with NaN where unsure -> (16,); None where a bone was never sure."""
    counts = len(samples) - np.isnan(samples).sum(axis=0)
    if not counts.all():
        return None
    rows = np.sort(samples, axis=0)  # NaN comes last
    columns = np.arange(rows.shape[1])
    return (rows[(counts - 1) // 2, columns] + rows[counts // 2, columns]) / 2


def lengths_mm(joints_mm: Array) -> Array:
    """(17, 3) -> (16,) lengths of the bones that end in joints 1 to 16."""
    return np.linalg.norm(joints_mm[_ENDS] - joints_mm[_STARTS], axis=1)


def with_lengths(joints_mm: Array, lengths: Array) -> Array:
    """The same directions of bones (17, 3) with other lengths (16,); the root stays."""
    out = np.zeros_like(joints_mm)
    out[H36M17.root] = joints_mm[H36M17.root]
    steps = joints_mm[_ENDS] - joints_mm[_STARTS]
    steps = steps * (lengths / np.maximum(np.linalg.norm(steps, axis=1), 1e-6))[:, None]
    for joint, start, step in zip(_ENDS, _STARTS, steps, strict=True):  # parents come first
        out[joint] = out[start] + step
    return out


PLUGIN = SteadyBonesPlugin()
