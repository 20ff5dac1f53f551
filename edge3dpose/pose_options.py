"""Options of a PoseEstimator besides its engine: checked, and what they mean for the stages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from numbers import Real
from pathlib import Path
from typing import Any, TypeAlias

from edge3dpose import checks
from edge3dpose.camera import DEFAULT_FOV_DEG, FixedLens, Lens, check_camera, open_lens
from edge3dpose.engine_types import EngineConfig, ModelSpec
from edge3dpose.errors import BadInput
from edge3dpose.plugins import PluginOption
from edge3dpose.runtime import detectors, filters, sinks
from edge3dpose.runtime.detectors import Detector
from edge3dpose.runtime.detectors._largest import Largest
from edge3dpose.runtime.detectors._zone import Zone
from edge3dpose.runtime.sources import Source
from edge3dpose.types import Camera

MAX_PEOPLE = 10

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
    max_people: int | None = MAX_PEOPLE
    filter_options: Mapping[str, Any] = field(default_factory=dict)
    roi: tuple[float, float, float, float] | None = None
    min_height_px: float = 0.0

    @property
    def filter_values(self) -> dict[str, Any]:
        """Option values of the filters, by option name."""
        height = {} if self.height_mm is None else {"height_cm": float(self.height_mm) / 10}
        return {"lift": self.lift, "smooth": self.smooth, **height, **self.filter_options}

    @property
    def camera_facts(self) -> dict[str, Any]:
        """What of the camera is measured, and what is assumed: for the header of a poses file."""
        plain = ["centre_px in the middle", "no distortion"]
        if self.camera is None:
            assumed = f"{DEFAULT_FOV_DEG:g} degrees across the longer side"
            return {"measured": [], "assumed": [assumed, *plain]}
        if isinstance(self.camera, Real):
            measured = f"{float(self.camera):g} degrees across the longer side (--fov)"
            return {"measured": [measured], "assumed": plain}
        return {"measured": ["focal_px", "centre_px", "distortion"], "assumed": []}

    def header(self, config: EngineConfig, source: Source) -> dict[str, Any]:
        """Facts of a run over a source, as the header of a poses file has them.

        The camera's numbers come with the first frame.
        """
        span_m = config.spec.crop_side_mm / 1000
        depth: dict[str, Any] = {"dimensions": 2}  # poses in the image alone
        if config.spec.has_depth:
            how = (
                "by their bones" if config.spec.crop else f"{span_m:g} m across the ROI, corrected"
            )
            depth = {"root_depth": f"estimated for adults: {how}"}
        return {
            "model": config.spec.name,
            "weights_sha256": config.weights.sha256,
            "cut": config.cut,
            "precision": config.precision,
            "backend": config.backend,
            "source": source.name,
            "live": source.live,
            **({"age_from": source.age_from} if source.live else {}),
            "flip_test": self.flip_test,
            **({} if self.roi is None else {"roi_px": [float(side) for side in self.roi]}),
            **({"min_height_px": float(self.min_height_px)} if self.min_height_px else {}),
            **depth,
            **filters.header(self.filter_values, related=source.related, spec=config.spec),
            "camera": self.camera_facts,
        }

    @property
    def nobody_hint(self) -> str:
        """Why nobody may have been found in a run."""
        left_out = [] if self.roi is None else ["roi"]
        left_out += ["min_height_px"] if self.min_height_px > 0 else []
        if left_out:
            return f"{' and '.join(left_out)} may leave everybody out"
        seen = "people must be seen from head to hips at least"
        whole = self.detector == "full-frame"
        return seen if whole else f"{seen}; --detector full-frame takes the frame for one person"

    def check(self) -> None:
        """BadInput for an option that cannot be."""
        if self.max_people is not None:
            checks.count("max_people", self.max_people)
        check_roi(self.roi)
        checks.number("min_height_px", self.min_height_px, 0, unit=" px")
        if self.height_mm is not None:
            checks.number("height_mm", self.height_mm, 500, 2500, " mm")
        lens_of(self.camera)
        checks.switch("smooth", self.smooth)
        checks.switch("flip_test", self.flip_test)
        refuse_unknown("filter_options", self.filter_options, filters.options())
        detectors.find(self.detector)  # an unknown one is refused now
        filters.check(self.filter_values)

    def check_fits(self, spec: ModelSpec) -> None:
        """BadInput for an option that a model cannot have."""
        filters.check_fits(self.filter_values, spec)
        if spec.maps is not None and self.flip_test:
            raise BadInput(f"{spec.name} is bottom-up, and flip_test takes top-down models")

    def limited(self, detector: Detector) -> Detector:
        """The detector with the people of ``roi``, ``min_height_px`` and ``max_people`` alone."""
        if self.roi is not None or self.min_height_px > 0:
            detector = Zone(detector, self.roi, float(self.min_height_px))
        return detector if self.max_people is None else Largest(detector, self.max_people)


def check_roi(roi: Any) -> None:
    """BadInput for a part of the frame that cannot be."""
    if roi is None:
        return
    if isinstance(roi, str) or not isinstance(roi, Sequence) or len(roi) != 4:
        raise BadInput(f"roi is {roi!r:.60}; wanted four numbers x0, y0, x1, y1 in px")
    x0, y0, x1, y1 = (checks.number("roi", value, unit=" px") for value in roi)
    if x1 <= x0 or y1 <= y0:
        raise BadInput(f"roi {x0:g},{y0:g},{x1:g},{y1:g} is empty; wanted x0,y0,x1,y1 in px")


def refuse_unknown(what: str, values: Mapping[str, Any], known: Iterable[PluginOption]) -> None:
    """BadInput where values are for an option that no plugin has."""
    if not isinstance(values, Mapping):
        raise BadInput(f"{what} is a {type(values).__name__}; wanted values by option name")
    names = sorted(option.name for option in known)
    for name in values:
        if name not in names:
            raise BadInput(f"{what} has {name!r}, which is no option; there is: {', '.join(names)}")


def _camera_of(lens: Lens, width: int, height: int) -> Camera:
    """What a lens of the user's own gives; BadInput where it is no camera."""
    camera = lens(width, height)
    check_camera(camera, f"the camera for {width}x{height}")
    return camera


def check_run(outputs: Any, max_frames: Any, on_frame: Any) -> None:
    """BadInput for arguments of PoseEstimator.run that cannot be."""
    refuse_unknown("outputs", outputs, sinks.options())
    if max_frames is not None:
        checks.count("max_frames", max_frames, least=0)
    checks.function("on_frame", on_frame)


def lens_of(camera: CameraArgument) -> Lens:
    """``camera`` of a PoseEstimator as a function frame size -> Camera; or BadInput."""
    if camera is None:
        return open_lens()
    if isinstance(camera, Camera):
        check_camera(camera)
        return FixedLens(camera)
    if isinstance(camera, str | Path):
        return open_lens(intrinsics=Path(camera))
    if callable(camera):
        return partial(_camera_of, camera)
    if isinstance(camera, Real) and not isinstance(camera, bool):
        return open_lens(checks.number("camera", camera, unit=" of degrees"))
    raise BadInput(
        f"camera is a {type(camera).__name__}; wanted a Camera, a field of view in degrees or the "
        "path of an intrinsics file"
    )
