"""A GStreamer pipeline, `gst:...`: for the cameras and hardware decoders of a Jetson."""

from __future__ import annotations

from edge3dpose.errors import BadInput, MissingDependency
from edge3dpose.runtime.sources import Source, SourcePlugin

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
    priority = 10  # before URLs, which may be part of a pipeline

    def takes(self, arg: str | int) -> bool:
        """gst:PIPELINE."""
        return isinstance(arg, str) and arg.startswith(PREFIX)

    def open(self, arg: str | int) -> Source:
        """Open a pipeline.

        Raises MissingDependency where this OpenCV has no GStreamer, BadInput where the pipeline
        does not start.
        """
        import cv2

        from edge3dpose.runtime.sources._capture import open_pipeline
        from edge3dpose.runtime.sources._capture_grabber import CaptureGrabber
        from edge3dpose.runtime.sources._latest_frame import LatestFrameReader
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
            raise BadInput(f"GStreamer does not take {PREFIX}{pipeline}: {why}")
        name = PREFIX + pipeline.split(maxsplit=1)[0]
        fault = BadInput(f"GStreamer does not start this pipeline; try: gst-launch-1.0 -v {whole}")
        capture = open_pipeline(whole)
        if from_file:
            try:
                return VideoFile(name, capture)
            except BadInput:
                raise fault from None
        if not capture.isOpened():
            capture.release()
            raise fault
        found = [capture]  # opened already; the next time anew
        return LatestFrameReader(
            name, lambda: CaptureGrabber(found.pop() if found else open_pipeline(whole))
        )


PLUGIN = GStreamerPlugin()
