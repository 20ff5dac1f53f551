"""Distance of a person from the bones: scaled about the camera until the body has a given height.

A body twice as far away and twice as large looks the same to the camera. The network's root depth
relies on the body sizes it was trained with; this filter takes the scale at which the bones belong
to a body of the given height, in closed form, microseconds a person. The idea is that of Zhou et
al., arXiv 1910.12032, whose evaluation searches for the depth. With a known height it has less
error than the network's root depth for people in everyday poses; with a mean height, or seen from
above, it has not (docs/sspnet-lite.md): off by default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from edge3dpose.errors import BadInput
from edge3dpose.plugins import PluginOption
from edge3dpose.runtime.filters import Filter, FilterPlugin
from edge3dpose.runtime.roi import body_scale
from edge3dpose.types import Array, Frame, Pose3D

ADULT_MM = 1740.0  # mean of the bodies that were trained on, barefoot
# body_scale of a pose, over the body's height: median over 400 of the training's people, 0.545 to
# 0.549 a metre for every cut of every model that is shipped. Of true joints it is 0.564: a network
# that is unsure of a depth shortens the bone.
SEEN_PER_MM = 0.547e-3
SMALLEST = 0.1  # body_scale; what is smaller is no body, and its distance means nothing


class BodyHeightPlugin(FilterPlugin):
    """--height-cm and --root-depth."""

    name = "body-height"
    order = 10
    options = (
        PluginOption(
            "--height-cm",
            "Body height of the people: their distance then follows from their bones.",
            kind=float,
            minimum=50,
            maximum=250,
        ),
        PluginOption(
            "--root-depth",
            "Distance of the people: the network's, or from the bones of an adult.  "
            "[default: bones with --height-cm, else network]",
            choices=("network", "bones"),
        ),
    )

    def is_on(self, values: Mapping[str, Any]) -> bool:
        """With a height, or --root-depth bones."""
        return self._height_mm(values) is not None

    def check(self, values: Mapping[str, Any]) -> None:
        """The network's root depth needs no height."""
        if values["height_cm"] and values["root_depth"] == "network":
            raise BadInput("--root-depth network asks for no height: leave out --height-cm")

    def open(self, values: Mapping[str, Any]) -> Filter:
        """The filter for people of that height, else of an adult's."""
        return BodyHeight(self._height_mm(values) or ADULT_MM)

    def header(self, values: Mapping[str, Any], *, on: bool) -> dict[str, Any]:
        """How the root depth was found, where it is not the network's."""
        height_mm = self._height_mm(values)
        if not on or height_mm is None:
            return {}
        given = {"height_mm": height_mm} if values["height_cm"] else {}
        return {"root_depth": f"by the bones of people of {height_mm / 10:g} cm", **given}

    def _height_mm(self, values: Mapping[str, Any]) -> float | None:
        if values["height_cm"]:
            return 10 * float(values["height_cm"])
        return ADULT_MM if values["root_depth"] == "bones" else None


class BodyHeight(Filter):
    """Places people of one height; a person without a place in space is left unchanged."""

    def __init__(self, height_mm: float = ADULT_MM) -> None:
        self._height_mm = height_mm

    def __call__(self, frame: Frame, poses: list[Pose3D]) -> list[Pose3D]:
        """Each person scaled about the camera, so that no pixel moves."""
        return [self._placed(pose) for pose in poses]

    def _placed(self, pose: Pose3D) -> Pose3D:
        if pose.root_mm is None:
            return pose
        by = scale_to_height(pose.joints_mm, self._height_mm)
        return replace(
            pose,
            joints_mm=pose.joints_mm * by,
            root_mm=pose.root_mm * by,
            std_mm=None if pose.std_mm is None else pose.std_mm * by,
        )


def scale_to_height(joints_mm: Array, height_mm: float) -> float:
    """The factor by which a body (J, 3) must be larger and farther away to be that tall."""
    return SEEN_PER_MM * height_mm / max(body_scale(joints_mm), SMALLEST)


PLUGIN = BodyHeightPlugin()
