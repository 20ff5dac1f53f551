"""BodyShape: height and limb lengths of a person, as a program and a file have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge3dpose import checks
from edge3dpose.shape import bones, fit
from edge3dpose.shape.body import RestBody, rest_body
from edge3dpose.shape.bones import BoneLengths
from edge3dpose.tracks import PosesArgument, Track, read_track

SCHEMA = "edge3dpose.shape/1"
# Of poses from one camera, as shares. Large and far looks like small and near: the size of
# rendered people hardly follows the true one, so it says little beside the mean of adults.
SCALE_STD = 0.13
BONE_STD = 0.06  # of a bone: the network errs the same way for a whole clip
IN_A_LINE = ("upper_arm", "forearm", "thigh", "shin")
HEIGHT_LIMITS_MM = (500.0, 2500.0)


class Limb(NamedTuple):
    """Length of a kind of bone, left and right together, mm."""

    name: str
    length_mm: float
    std_mm: float


@dataclass(frozen=True, eq=False)
class BodyShape:
    """Height and limb lengths of one person, each with its standard deviation, millimetres.

    track_id       the person; None where the poses have no numbers
    height_mm      from the soles to the crown, barefoot
    height_std_mm  0 where the height was given
    limbs          hip (pelvis to hip joint), thigh, shin, lower_trunk (pelvis to spine),
                   upper_trunk (spine to thorax), neck, head (neck to crown), shoulder (thorax to
                   shoulder), upper_arm, forearm; between the joints of h36m17
    frames, seconds  in which the person was seen: seconds are what the deviations go by
    given          what was known: "height", "camera" (its field of view or intrinsics), "scale".
                   Without height or scale, the size is the network's guess
    girth          "not measured": 17 joints do not show it. The body has the usual one of adults
                   with such bones
    """

    track_id: int | None
    height_mm: float
    height_std_mm: float
    limbs: tuple[Limb, ...]
    frames: int
    seconds: int
    given: tuple[str, ...]
    coefficients: tuple[float, ...]  # of the body's components (shape/body.py)
    factors: tuple[float, ...]  # of the bones besides
    size: float = 1.0  # of the whole body: 1 for adults
    scale: float = 1.0  # what the poses are multiplied by to be of this body's size
    girth: str = "not measured"

    def limb(self, name: str) -> Limb:
        """A limb by its name; KeyError lists the names there are."""
        for limb in self.limbs:
            if limb.name == name:
                return limb
        raise KeyError(f"no limb {name!r}; there is: {', '.join(limb.name for limb in self.limbs)}")

    @cached_property
    def body(self) -> RestBody:
        """Joints and skin of this person at rest (an A-pose), y up, millimetres."""
        return rest_body(np.array(self.coefficients), np.array(self.factors), self.size)

    @property
    def text(self) -> str:
        """One line: height, limb lengths, their standard deviations and what they rest on."""
        who = "person" if self.track_id is None else f"person {self.track_id}"
        if "height" in self.given:
            size = f"{self.height_mm / 10:.0f} cm tall as given"
        else:
            size = f"{self.height_mm / 10:.0f} ± {self.height_std_mm / 10:.0f} cm tall"
            if "scale" not in self.given:
                size += " (a guess: one camera does not show the size, --height-cm gives it)"
        parts = (self.limb(name) for name in IN_A_LINE)
        lengths = ", ".join(
            f"{limb.name.replace('_', ' ')} {limb.length_mm / 10:.1f} ± {limb.std_mm / 10:.1f} cm"
            for limb in parts
        )
        return f"{who}: {size}; {lengths}; seen for {self.seconds} s"

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists, as in a shape file (docs/shape.md). Rounded to 0.1 mm."""
        return {
            "id": self.track_id,
            "height_mm": round(self.height_mm, 1),
            "height_std_mm": round(self.height_std_mm, 1),
            "limbs": {
                limb.name: {
                    "length_mm": round(limb.length_mm, 1),
                    "std_mm": round(limb.std_mm, 1),
                }
                for limb in self.limbs
            },
            "girth": self.girth,
            "given": list(self.given),
            "frames": self.frames,
            "seconds": self.seconds,
            "body": {
                "coefficients": [round(value, 4) for value in self.coefficients],
                "factors": [round(value, 4) for value in self.factors],
                "size": round(self.size, 4),
                "scale": round(self.scale, 4),
            },
        }


def fit_shape(
    poses: PosesArgument,
    height_mm: float | None = None,
    track_id: int | None = None,
    *,
    scale_std: float | None = None,
) -> BodyShape:
    """The body of a person from poses over time: height, limb lengths, a body for ``export``.

    poses      a poses file or its path; or FramePoses or Pose3D of your own (Pose3D are taken as
               30 frames a second)
    height_mm  body height where you know it; everything else is then scaled to it. None takes the
               one that the poses file was made with (--height-cm), else it is estimated
    track_id   the person; None for the one who is in most frames
    scale_std  standard deviation of the size of the poses, as a share of it. None: 0.13, of poses
               from one camera, which cannot see it; 0: true millimetres, such as motion capture

    Raises BadInput where nobody is in the poses, that person is not, a line of the file is no
    frame, or the poses are of no body.

    Example::

        shape = edge3dpose.fit_shape("out.jsonl", height_mm=1780)
        print(shape.text)
        print(shape.height_mm, shape.limb("forearm").length_mm, shape.limb("forearm").std_mm)
    """
    if height_mm is not None:
        height_mm = checks.number("height_mm", height_mm, *HEIGHT_LIMITS_MM, " mm")
    if scale_std is not None:
        scale_std = checks.number("scale_std", scale_std, 0, 1)
    track, header = read_track(poses, track_id)
    return shape_of_track(track, header, height_mm, scale_std)


def shape_of_track(
    track: Track,
    header: Mapping[str, Any],
    height_mm: float | None = None,
    scale_std: float | None = None,
) -> BodyShape:
    """The body of a person's track; see fit_shape."""
    lengths = bones.bone_lengths(track.time_s, track.joints_mm, track.score)
    return shape_of(lengths, track.track_id, header, height_mm, scale_std)


def shape_of(
    lengths: BoneLengths,
    track_id: int | None,
    header: Mapping[str, Any],
    height_mm: float | None = None,
    scale_std: float | None = None,
) -> BodyShape:
    """The body of bone lengths that are known already.

    header  of a poses file: says which camera and height were given
    """
    if height_mm is None:
        height_mm = _known_height(header)
    if scale_std is None:
        bone_std_mm = np.hypot(lengths.std_mm, BONE_STD * lengths.length_mm)
        lengths = replace(lengths, std_mm=bone_std_mm)
    camera = header.get("camera")
    measured = isinstance(camera, dict) and bool(camera.get("measured"))
    known = {"height": height_mm is not None, "camera": measured, "scale": scale_std is not None}
    fitted = fit.fit(lengths, SCALE_STD if scale_std is None else scale_std, height_mm)
    return BodyShape(
        track_id=track_id,
        height_mm=fitted.height_mm,
        height_std_mm=fitted.height_std_mm,
        limbs=_limbs(fitted.length_mm, fitted.length_std_mm),
        frames=lengths.frames,
        seconds=lengths.seconds,
        given=tuple(name for name, is_known in known.items() if is_known),
        coefficients=tuple(map(float, fitted.coefficients)),
        factors=tuple(map(float, fitted.factors)),
        size=fitted.size,
        scale=fitted.scale,
    )


def file_of(shapes: Iterable[BodyShape], header: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a shape file.

    header  of the poses: source, model and camera are kept
    """
    kept = ("source", "model", "cut", "camera", "root_depth")
    facts = {name: header[name] for name in kept if name in header}
    people = [shape.to_dict() for shape in shapes]
    return {"schema": SCHEMA, "units": "mm", **facts, "people": people}


def _known_height(header: Mapping[str, Any]) -> float | None:
    """The body height that a run was given."""
    height = header.get("height_mm")
    if not isinstance(height, int | float) or isinstance(height, bool):
        return None
    low, high = HEIGHT_LIMITS_MM
    return float(height) if low <= height <= high else None


def _limbs(length_mm: NDArray, std_mm: NDArray) -> tuple[Limb, ...]:
    rows = zip(bones.NAMES, length_mm, std_mm, strict=True)
    return tuple(Limb(name, float(length), float(std)) for name, length, std in rows)
