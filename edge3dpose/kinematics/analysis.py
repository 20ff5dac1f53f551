"""Joint angles, repetitions and gait of recorded poses: what ``edge3dpose angles`` shows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge3dpose import checks
from edge3dpose.kinematics.angles import joint_angles
from edge3dpose.kinematics.cleaning import Cleaning
from edge3dpose.kinematics.clip import ClipOptions, MotionClip, clip_of
from edge3dpose.kinematics.floor import Floor, floor_of
from edge3dpose.kinematics.gait import Gait, gait_of
from edge3dpose.kinematics.repetitions import Counter, repetitions, rule_of
from edge3dpose.tracks import PosesArgument, read_track

UP = np.array([0.0, -1.0, 0.0])  # of a clip that stands on its floor


@dataclass(frozen=True, eq=False)
class JointAngles:
    """The angles of one person at even times.

    time_s   (F,)
    degrees  by name of docs/angles.md, (F,); NaN in gaps and where an angle has no meaning
    floor    the vertical that trunk and pelvis are measured against
    """

    track_id: int | None
    rate_hz: float
    time_s: NDArray[np.float64]
    degrees: dict[str, NDArray[np.float64]]
    floor: Floor

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        """One angle (F,), degrees; KeyError for an unknown name."""
        return self.degrees[name]

    def to_csv(self) -> str:
        """A table: time_s, then an angle a column in degrees; empty where it is unknown."""
        lines = [",".join(["time_s", *self.degrees])]
        for time_s, row in zip(self.time_s, self._rows(), strict=True):
            lines.append(",".join([f"{time_s:.4f}", *(f"{v:.2f}" if v == v else "" for v in row)]))
        return "\n".join(lines) + "\n"

    def to_mot(self) -> str:
        """OpenSim's motion file, in degrees; NaN where an angle is unknown."""
        rows = self._rows()
        lines = [
            *("edge3dpose joint-centre angles", "version=1", f"nRows={len(rows)}"),
            *(f"nColumns={rows.shape[1] + 1}", "inDegrees=yes", "endheader"),
            "\t".join(["time", *self.degrees]),
        ]
        for time_s, row in zip(self.time_s, rows, strict=True):
            fields = (f"{value:.4f}" if value == value else "NaN" for value in row)
            lines.append("\t".join([f"{time_s:.6f}", *fields]))
        return "\n".join(lines) + "\n"

    def _rows(self) -> NDArray[np.float64]:
        return np.stack(list(self.degrees.values()), -1)


@dataclass(frozen=True)
class AnalysisOptions:
    """How recorded poses are prepared.

    track_id          the person; None for the one who is in most frames
    cleaning          filters for recordings
    camera_pitch_deg  how far the camera looks down; None estimates it from who stands
    """

    track_id: int | None = None
    cleaning: Cleaning = field(default_factory=Cleaning)
    camera_pitch_deg: float | None = None

    def clip(self, poses: PosesArgument) -> MotionClip:
        """The person at even times, upright on a floor. Raises BadInput as ``read_track`` does."""
        pitch = self.camera_pitch_deg
        if pitch is not None:
            pitch = checks.number("camera_pitch_deg", pitch, -90, 90, " degrees")
        track, header = read_track(poses, self.track_id)
        return clip_of(track, ClipOptions(self.cleaning, floor_of([track], pitch, header)))


def angles(poses: PosesArgument, options: AnalysisOptions | None = None) -> JointAngles:
    """Joint angles of one person over time, by the definitions of docs/angles.md.

    poses  a poses file or its path; or FramePoses; or Pose3D, taken as 30 a second

    Raises BadInput where nobody is in it or a frame cannot be read.

    Example::

        found = edge3dpose.angles("poses.jsonl")
        print(found.time_s, found["left_knee_flexion"])
    """
    return angles_of((options or AnalysisOptions()).clip(poses))


def count_repetitions(
    poses: PosesArgument, exercise: str, options: AnalysisOptions | None = None
) -> Counter:
    """Repetitions of an exercise by one person.

    exercise  squat, pushup, situp, curl, jack, or a rule such as "left_knee<100,>160"

    Returns the count, the time at which each was complete, and whether one has begun and is not
    complete. Raises BadInput for an unknown exercise, and as ``angles`` does.

    Example::

        print(edge3dpose.count_repetitions("poses.jsonl", "squat").count)
    """
    rule = rule_of(checks.text("exercise", exercise))
    found = angles(poses, options)
    return repetitions(rule, found.time_s, found.degrees)


def gait(poses: PosesArgument, options: AnalysisOptions | None = None) -> Gait:
    """Steps, cadence, speed, step length, stance and symmetry of a person who walks.

    Raises BadInput for fewer than three steps, and as ``angles`` does.
    """
    return gait_of((options or AnalysisOptions()).clip(poses))


def angles_of(clip: MotionClip) -> JointAngles:
    """The angles of a clip that stands on its floor."""
    assert clip.floor is not None
    degrees = joint_angles(clip.joints_mm, UP)
    return JointAngles(clip.track_id, clip.rate_hz, clip.time_s, degrees, clip.floor)
