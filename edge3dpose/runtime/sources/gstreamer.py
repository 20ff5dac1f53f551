"""A GStreamer pipeline, `gst:...`: what a Jetson's cameras and hardware decoders are reached by."""

from __future__ import annotations

import cv2

from edge3dpose.errors import BadInput, MissingDependency
from edge3dpose.runtime.sources import Source
from edge3dpose.runtime.sources._capture import GST, open_capture
from edge3dpose.runtime.sources._latest_frame import LatestFrameReader
from edge3dpose.runtime.sources._pipeline import fault_of
from edge3dpose.runtime.sources.video import Video

_FILES = ("filesrc", "file://")  # a pipeline that reads one has an end, and every frame is wanted
_BGR = "videoconvert ! video/x-raw,format=BGR"
_LIVE_END = f"{_BGR} ! appsink drop=true max-buffers=1 sync=false"
_FILE_END = f"{_BGR} ! appsink max-buffers=4 sync=false"


def open_source(arg: str) -> Source:
    """Open `gst:` and a pipeline as gst-launch-1.0 takes it; an appsink for BGR is added to it.

    A pipeline that has its own appsink is left as it is. Raises MissingDependency where this OpenCV
    has no GStreamer, BadInput where the pipeline does not start.
    """
    pipeline = arg.removeprefix(GST).strip().rstrip("!").strip()
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
        raise BadInput(f"GStreamer does not take {GST}{pipeline}: {why}")
    name = GST + pipeline.split(maxsplit=1)[0]
    fault = BadInput(f"GStreamer does not start this pipeline; try: gst-launch-1.0 -v {whole}")
    if from_file:
        try:
            return Video(name, GST + whole)
        except BadInput:
            raise fault from None
    capture = open_capture(GST + whole)
    if not capture.isOpened():
        capture.release()
        raise fault
    return LatestFrameReader(name, capture)
