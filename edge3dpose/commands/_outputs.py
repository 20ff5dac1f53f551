"""What a run writes and shows: its options -> sinks, the header of the poses, a line's facts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge3dpose import plugins
from edge3dpose.camera import DEFAULT_FOV_DEG
from edge3dpose.errors import BadInput
from edge3dpose.runtime.filters.body_height import ADULT_MM
from edge3dpose.runtime.governor import GovernedEngine
from edge3dpose.runtime.sinks import Sink
from edge3dpose.runtime.sources import Source
from edge3dpose.types import Engine, EngineConfig, Frame


class Outputs:
    """What is to be written and shown."""

    def __init__(self, jsonl: Path | None, save: Path | None, show: bool) -> None:
        self.jsonl, self.save, self.show = jsonl, save, show

    @classmethod
    def of(cls, source: Source, options: dict[str, Any]) -> Outputs:
        """As asked for; where nothing is: files for a file, a window for a live source."""
        jsonl, save, show = options["jsonl"], options["save"], options["show"]
        for path in (jsonl, save):
            if (
                path
                and Path(source.name).exists()
                and path.resolve() == Path(source.name).resolve()
            ):
                raise BadInput(f"{path} is the source itself; write to another file")
        if jsonl or save or show:
            return cls(jsonl, save, bool(show))
        if source.live and show is None:
            return cls(None, None, True)
        name = Path(source.name).stem if not source.live else source.name.replace(" ", "")
        name = "".join(c if c.isalnum() or c in "-_." else "_" for c in name) or "poses"
        return cls(Path(f"{name}.poses.jsonl"), Path(f"{name}.poses.mp4"), False)


def open_sinks(
    source: Source,
    config: EngineConfig,
    outputs: Outputs,
    smooth: bool,
    options: dict[str, Any],
) -> list[Sink]:
    """Every sink, or none: what is open is given up where the next one cannot be opened."""
    sinks: list[Sink] = []
    try:
        if outputs.show:
            sinks.append(plugins.load("runtime.sinks", "window").open_sink())
        if outputs.jsonl:
            from edge3dpose.poses_file import header_of
            from edge3dpose.runtime.sinks import jsonl

            header = header_of(config.spec.skeleton, **_about(source, config, smooth, options))
            sinks.append(jsonl.open_sink(outputs.jsonl, header, live=source.live))
        if outputs.save:
            fps = source.fps if source.related else 1.0
            video = plugins.load("runtime.sinks", "video")
            sinks.append(video.open_sink(outputs.save, fps, live=source.live))
    except BaseException:
        for sink in sinks:
            sink.discard()
        raise
    return sinks


def _about(
    source: Source, config: EngineConfig, smooth: bool, options: dict[str, Any]
) -> dict[str, Any]:
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
        "correction": "bone-length on joints_mm" if options["bones"] else None,
        "smoothing": "one-euro on joints_mm and root_mm" if smooth else None,
        "root_depth": f"by the bones of people of {height_mm / 10:g} cm"
        if (height_mm := options["height_mm"])
        else f"estimated for adults: {crop_m:g} m across the square, corrected",
        "camera": _about_camera(options["fov"], options["intrinsics"]),
    }


def height_of(options: dict[str, Any]) -> float | None:
    """Of the people whose distance their bones say, mm; None where the network says it."""
    height_cm, how = options["height_cm"], options["root_depth"]
    if height_cm and how == "network":
        raise BadInput("--root-depth network asks for no height: leave out --height-cm")
    if height_cm:
        return 10 * float(height_cm)
    return ADULT_MM if how == "bones" else None


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
