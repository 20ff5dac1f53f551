"""A URL: a live stream like a camera; one that has an end is a video, and keeps every frame."""

from __future__ import annotations

from edge3dpose.errors import BadInput
from edge3dpose.runtime.sources import Source
from edge3dpose.runtime.sources._capture import frames_of, open_capture
from edge3dpose.runtime.sources._latest_frame import LatestFrameReader
from edge3dpose.runtime.sources.video import Video


def open_source(arg: str) -> Source:
    """Open a URL that OpenCV's FFmpeg or GStreamer understands: rtsp, http, udp, file ..."""
    capture = open_capture(arg)
    if not capture.isOpened():
        capture.release()
        raise BadInput(f"cannot open {arg}: nobody answers there, or it is no video")
    if frames_of(capture) is not None:
        capture.release()
        return Video(arg, arg)
    return LatestFrameReader(arg, capture)
