"""What the formats of motion share: options, and people at even times on a floor."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from edge3dpose.exporters import ExportRequest
from edge3dpose.kinematics import axes
from edge3dpose.kinematics.cleaning import Cleaning
from edge3dpose.kinematics.clip import ClipOptions, MotionClip, clip_of
from edge3dpose.kinematics.floor import floor_of
from edge3dpose.plugins import PluginOption

HEIGHT = PluginOption(
    "--height-cm",
    "Body height of the person; without it the body has the size of the poses.",
    kind=float,
    minimum=50,
    maximum=250,
)
CLEANING = (
    PluginOption(
        "--clean/--no-clean",
        "Clean recorded motion: fill gaps, remove outliers (Hampel), Butterworth low-pass.",
        kind=bool,
        default=False,
    ),
    PluginOption(
        "--cutoff-hz",
        "With --clean: cutoff of the zero-phase Butterworth filter of order 4.",
        kind=float,
        default=6.0,
        minimum=0.1,
        maximum=100,
        show_default=True,
        needs="clean",
    ),
    PluginOption(
        "--fill-gaps",
        "With --clean: longest gap that is filled, frames.",
        kind=int,
        default=100,
        minimum=0,
        maximum=100_000,
        show_default=True,
        needs="clean",
    ),
)
FLOOR = (
    PluginOption(
        "--floor/--no-floor",
        "In files of motion: stand people upright on the floor, measured or estimated.",
        kind=bool,
        default=True,
        show_default=True,
    ),
    PluginOption(
        "--camera-pitch",
        "In files of motion: how far the camera looks down, degrees, instead of an estimate.",
        kind=float,
        minimum=-90,
        maximum=90,
        needs="floor",
    ),
)
AXES = PluginOption(
    "--axes",
    "Axes of files of motion, by program (docs/kinematics.md).  [default: the format's own]",
    choices=axes.NAMES,
)


def clips_of(request: ExportRequest) -> list[MotionClip]:
    """The people of a request at even times."""
    values = request.values
    cleaning = cleaning_of(values)
    floor = None
    if values.get("floor"):
        people = request.everybody or request.tracks
        floor = floor_of(people, values["camera_pitch"], request.header)
    height_cm = values.get("height_cm")
    options = ClipOptions(cleaning, floor, height_cm and height_cm * 10)
    return [clip_of(track, options) for track in request.tracks]


def cleaning_of(values: Any) -> Cleaning:
    """The cleaning that option values ask for."""
    if not values.get("clean"):
        return Cleaning()
    return replace(
        Cleaning(hampel=True), fill_gaps=values["fill_gaps"], cutoff_hz=values["cutoff_hz"]
    )


def axes_of(request: ExportRequest, usual: str) -> axes.Axes:
    """The axes that were asked for, or the format's own."""
    return axes.find(request.values["axes"] or usual)
