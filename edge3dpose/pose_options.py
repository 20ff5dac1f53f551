"""Options of a PoseEstimator besides its engine: checked, and what they mean for the stages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from edge3dpose.camera import DEFAULT_FOV_DEG, Lens, open_lens
from edge3dpose.engine_types import EngineConfig
from edge3dpose.errors import BadInput
from edge3dpose.plugins import PluginOption
from edge3dpose.runtime import detectors, filters
from edge3dpose.runtime.sources import Source
from edge3dpose.types import Camera

LIFTS = ("temporal", "none")
CameraArgument: TypeAlias = "Camera | float | str | Path | Lens | None"


@dataclass(frozen=True, slots=True)
class EstimatorOptions:
    """How people are found, lifted and filtered: everything of a PoseEstimator but its engine.

    Each is described at PoseEstimator.
    """

    camera: CameraArgument = None
    height_mm: float | None = None
    lift: str = "temporal"
    smooth: bool = True
    flip_test: bool = False
    detector: str = detectors.DEFAULT
    max_people: int | None = None
    filter_options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def filter_values(self) -> dict[str, Any]:
        """Option values of the filters, by option name."""
        height = {} if self.height_mm is None else {"height_cm": self.height_mm / 10}
        return {"lift": self.lift, "smooth": self.smooth, **height, **self.filter_options}

    @property
    def camera_facts(self) -> dict[str, Any]:
        """What of the camera is measured, and what is assumed: for the header of a poses file."""
        plain = ["centre_px in the middle", "no distortion"]
        if self.camera is None:
            assumed = f"{DEFAULT_FOV_DEG:g} degrees across the longer side"
            return {"measured": [], "assumed": [assumed, *plain]}
        if isinstance(self.camera, int | float):
            measured = f"{self.camera:g} degrees across the longer side (--fov)"
            return {"measured": [measured], "assumed": plain}
        return {"measured": ["focal_px", "centre_px", "distortion"], "assumed": []}

    def header(self, config: EngineConfig, source: Source) -> dict[str, Any]:
        """Facts of a run over a source, as the header of a poses file has them.

        The camera's numbers come with the first frame.
        """
        span_m = config.spec.crop_side_mm / 1000
        return {
            "model": config.spec.name,
            "weights_sha256": config.weights.sha256,
            "cut": config.cut,
            "precision": config.precision,
            "backend": config.backend,
            "source": source.name,
            "live": source.live,
            "flip_test": self.flip_test,
            "root_depth": f"estimated for adults: {span_m:g} m across the ROI, corrected",
            **filters.header(self.filter_values, related=source.related),
            "camera": self.camera_facts,
        }

    def check(self) -> None:
        """BadInput for an option that cannot be."""
        if self.max_people is not None and self.max_people < 1:
            raise BadInput(f"max_people is {self.max_people}; wanted 1 or more, or None for all")
        height = self.height_mm
        if height is not None and not 500 <= height <= 2500:
            raise BadInput(f"height_mm is {height:g}; wanted a body height between 500 and 2500 mm")
        refuse_unknown("filter_options", self.filter_options, filters.options())
        if self.lift not in LIFTS:
            raise BadInput(f"lift is {self.lift!r}; wanted one of {', '.join(LIFTS)}")
        detectors.find(self.detector)  # an unknown one is refused now
        filters.check(self.filter_values)


def refuse_unknown(what: str, values: Mapping[str, Any], known: Iterable[PluginOption]) -> None:
    """BadInput where values are for an option that no plugin has."""
    names = sorted(option.name for option in known)
    for name in values:
        if name not in names:
            raise BadInput(f"{what} has {name!r}, which is no option; there is: {', '.join(names)}")


def lens_of(camera: CameraArgument) -> Lens:
    """``camera`` of a PoseEstimator as a function frame size -> Camera; or BadInput."""
    if camera is None:
        return open_lens()
    if isinstance(camera, Camera):
        _check_camera(camera)
        return lambda width, height: camera
    if isinstance(camera, str | Path):
        return open_lens(intrinsics=Path(camera))
    if callable(camera):
        return camera
    if isinstance(camera, int | float) and not isinstance(camera, bool):
        return open_lens(float(camera))
    raise BadInput(
        f"camera is a {type(camera).__name__}; wanted a Camera, a field of view in degrees or the "
        "path of an intrinsics file"
    )


def _check_camera(camera: Camera) -> None:
    wanted = {"focal_px": (2,), "centre_px": (2,), "distortion": (0, 4, 5)}
    for name, lengths in wanted.items():
        values = getattr(camera, name)
        numbers = all(isinstance(v, int | float | np.number) and np.isfinite(v) for v in values)
        if len(values) not in lengths or not numbers:
            counts = " or ".join(map(str, lengths))
            raise BadInput(f"camera.{name} is {values!r}; wanted {counts} finite numbers")
    if min(camera.focal_px) <= 0:
        raise BadInput(f"camera.focal_px is {camera.focal_px!r}; wanted lengths above 0 pixels")
