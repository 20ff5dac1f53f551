"""OpenCV's capture, opened without its chatter on stderr."""

from __future__ import annotations

import os

import cv2

GST = "gst:"  # begins what is a pipeline of GStreamer


def open_capture(what: str | int) -> cv2.VideoCapture:
    """A capture of a file, URL, camera or pipeline that may or may not be open: ask isOpened()."""
    # FFmpeg and OpenCV write their own lines about a broken file; the user gets ours
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    os.environ.setdefault("OPENCV_VIDEOIO_DEBUG", "0")
    # OpenCV 4 and 5 keep the switch in different places; 0 is silent in both
    quiet = getattr(cv2, "setLogLevel", None) or getattr(cv2.utils, "logging", cv2).setLogLevel
    quiet(0)
    if isinstance(what, str) and what.startswith(GST):
        return cv2.VideoCapture(what.removeprefix(GST), cv2.CAP_GSTREAMER)
    return cv2.VideoCapture(what)


def fps_of(capture: cv2.VideoCapture) -> float | None:
    """Frames a second by the container or driver; None where it says nonsense."""
    fps = float(capture.get(cv2.CAP_PROP_FPS))
    return fps if 0.1 < fps < 1000 else None


def frames_of(capture: cv2.VideoCapture) -> int | None:
    """Number of frames by the container; None where it does not say."""
    count = capture.get(cv2.CAP_PROP_FRAME_COUNT)
    return int(count) if 0 < count < 1e9 else None
