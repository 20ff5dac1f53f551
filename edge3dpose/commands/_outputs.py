"""What a run writes and shows: its options -> sinks, the header of the poses, a line's facts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge3dpose.camera import DEFAULT_FOV_DEG
from edge3dpose.runtime import filters, sinks
from edge3dpose.runtime.governor import GovernedEngine
from edge3dpose.runtime.sinks import Sink, SinkContext
from edge3dpose.runtime.sources import Source
from edge3dpose.types import Engine, EngineConfig, Frame


def open_sinks(
    source: Source, config: EngineConfig, options: dict[str, Any], values: dict[str, Any]
) -> list[Sink]:
    """The sinks that option values ask for."""
    context = SinkContext(
        source=source.name,
        live=source.live,
        related=source.related,
        fps=source.fps,
        skeleton=config.spec.skeleton,
        header=_about(source, config, options),
    )
    return sinks.open_all(values, context)


def _about(source: Source, config: EngineConfig, options: dict[str, Any]) -> dict[str, Any]:
    """What the header says of a run, the camera's numbers excepted: they come with a frame."""
    crop_m = config.spec.crop_side_mm / 1000
    return {
        "model": config.spec.name,
        "weights_sha256": config.weights.sha256,
        "cut": config.cut,
        "precision": config.precision,
        "backend": config.backend,
        "source": source.name,
        "live": source.live,
        "mirrored": options["mirror"],
        "root_depth": f"estimated for adults: {crop_m:g} m across the square, corrected",
        **filters.header(options, related=source.related),
        "camera": _about_camera(options["fov"], options["intrinsics"]),
    }


def _about_camera(fov: float | None, intrinsics: Path | None) -> dict[str, Any]:
    if intrinsics is not None:
        return {"measured": ["focal_px", "centre_px", "distortion"], "assumed": []}
    plain = ["centre_px in the middle", "no distortion"]
    if fov is not None:
        return {"measured": [f"{fov:g} degrees across the longer side (--fov)"], "assumed": plain}
    return {
        "measured": [],
        "assumed": [f"{DEFAULT_FOV_DEG:g} degrees across the longer side", *plain],
    }


def facts_of(source: Source, engine: Engine) -> Callable[[Frame], dict[str, Any]]:
    """What is to be told of a frame besides the people."""

    def facts(frame: Frame) -> dict[str, Any]:
        told: dict[str, Any] = {}
        if source.live:
            told |= {"age_s": round(source.age_s(frame), 4), "dropped": source.dropped}
        if isinstance(engine, GovernedEngine):
            told["cut"] = engine.last_cut
        return told

    return facts
