"""An MP4 file: each frame with the skeletons over it, and the 3D skeleton seen from the side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from edge3dpose import devices
from edge3dpose.errors import BadInput
from edge3dpose.plugins import PluginOption
from edge3dpose.runtime.sinks import Sink, SinkContext, SinkPlugin

UNRELATED_FPS = 1.0  # a second for each of unrelated images


class VideoPlugin(SinkPlugin):
    """--save FILE.mp4."""

    name = "video"
    order = 20
    options = (
        PluginOption("--save", "Write a video with the skeletons: MP4, H.264.", kind=Path),
        PluginOption(
            "--audio/--no-audio",
            "Keep the sound of a video file in --save.",
            kind=bool,
            default=False,
        ),
    )

    def is_on(self, values: Mapping[str, Any]) -> bool:
        """Where a file is named."""
        return values["save"] is not None

    def default_values(self, stem: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """NAME.poses.mp4."""
        return {"save": Path(f"{stem}.poses.mp4")}

    def check(self, values: Mapping[str, Any]) -> None:
        """The name of a plain file must end in .mp4."""
        if values["save"].suffix.lower() != ".mp4" and not devices.is_stream(values["save"]):
            raise BadInput(f"--save {values['save']}: wanted a name that ends in .mp4")

    def open(self, values: Mapping[str, Any], context: SinkContext) -> Sink:
        """Begin the file."""
        from edge3dpose.runtime.sinks._mp4 import Mp4, Timing

        timing = Timing(context.fps) if context.related else Timing(UNRELATED_FPS, even=True)
        if values["audio"] and (context.live or not context.related):
            raise BadInput("--audio keeps the sound of a video file; this source is none")
        sound = context.source if values["audio"] else None
        timing = replace(timing, live=context.live, sound=sound)
        skeleton = context.skeleton if context.is_3d else None
        return Mp4(values["save"], timing, skeleton, overwrite=values["overwrite"])


PLUGIN = VideoPlugin()
