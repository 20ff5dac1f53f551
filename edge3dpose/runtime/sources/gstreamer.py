"""A GStreamer pipeline, `gst:...`: for the cameras and hardware decoders of a Jetson."""

from __future__ import annotations

from edge3dpose.errors import BadInput, MissingDependency, without_secrets
from edge3dpose.runtime.sources import (
    LIVE,
    NO_OPTIONS,
    Source,
    SourceOptions,
    SourcePlugin,
)

PREFIX = "gst:"
_FILES = ("filesrc", "file://")  # a pipeline that reads one has an end, and every frame is wanted
_BGR = "videoconvert ! video/x-raw,format=BGR"
_LIVE_END = f"{_BGR} ! appsink drop=true max-buffers=1 sync=false"
_FILE_END = f"{_BGR} ! appsink max-buffers=4 sync=false"


class GStreamerPlugin(SourcePlugin):
    """Opens pipelines as gst-launch-1.0 takes them; an appsink for BGR is added.

    A pipeline that has its own appsink is left as it is.
    """

    name = "gstreamer"
    options = LIVE
    priority = 10  # before URLs, which may be part of a pipeline

    def takes(self, arg: str | int) -> bool:
        """gst:PIPELINE."""
        return isinstance(arg, str) and arg.startswith(PREFIX)

    def open(self, arg: str | int) -> Source:
        """Open a pipeline; see open_with."""
        return self.open_with(arg, NO_OPTIONS)

    def open_with(self, arg: str | int, options: SourceOptions) -> Source:
        """Open a pipeline.

        Raises MissingDependency where this OpenCV has no GStreamer, BadInput where the pipeline
        does not start.
        """
        import cv2

        from edge3dpose.runtime.sources import _retry
        from edge3dpose.runtime.sources._capture import open_pipeline
        from edge3dpose.runtime.sources._capture_grabber import CaptureGrabber
        from edge3dpose.runtime.sources._live_source import LiveSource
        from edge3dpose.runtime.sources._pipeline import fault_of
        from edge3dpose.runtime.sources._video_file import VideoFile

        pipeline = str(arg).removeprefix(PREFIX).strip().rstrip("!").strip()
        if not pipeline:
            raise BadInput(f"{arg} names no pipeline; such as gst:videotestsrc")
        if not cv2.videoio_registry.hasBackend(cv2.CAP_GSTREAMER):
            raise MissingDependency(
                f"OpenCV {cv2.__version__} here was built without GStreamer, as its wheels are; a "
                "Jetson's own has it (docs/jetson.md), elsewhere: apt install python3-opencv"
            )
        from_file = any(word in pipeline for word in _FILES)
        whole = pipeline
        if "appsink" not in pipeline:
            whole += f" ! {_FILE_END if from_file else _LIVE_END}"
        if why := fault_of(whole):
            shown = without_secrets(f"{PREFIX}{pipeline}: {why}")
            raise BadInput(f"GStreamer does not take {shown}")
        name = PREFIX + pipeline.split(maxsplit=1)[0]
        fault = "GStreamer does not start this pipeline; try: gst-launch-1.0 -v "
        fault += without_secrets(whole)
        if from_file:
            try:
                return VideoFile(name, open_pipeline(whole))
            except BadInput:
                raise BadInput(fault) from None

        def opened() -> CaptureGrabber:
            capture = open_pipeline(whole)
            if not capture.isOpened():
                capture.release()
                raise BadInput(fault)
            return CaptureGrabber(capture)

        retry = _retry.retry_of(options)
        return LiveSource(name, _retry.waited_for(opened, retry), opened, retry)


PLUGIN = GStreamerPlugin()
