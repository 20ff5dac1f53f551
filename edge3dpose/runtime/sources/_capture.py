"""OpenCV's VideoCapture, opened without its messages on stderr."""

from __future__ import annotations

import os

import cv2


def open_capture(place: str | int) -> cv2.VideoCapture:
    """A capture of a file, URL or camera; it may have failed to open: ask isOpened()."""
    silence()
    return cv2.VideoCapture(place)


def open_pipeline(pipeline: str) -> cv2.VideoCapture:
    """A capture of a GStreamer pipeline; it may have failed to open: ask isOpened()."""
    silence()
    return cv2.VideoCapture(pipeline, cv2.CAP_GSTREAMER)


def silence() -> None:
    """Keep OpenCV from writing its own lines about a broken file; the user gets ours."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    os.environ.setdefault("OPENCV_VIDEOIO_DEBUG", "0")
    # OpenCV 4 and 5 keep the switch in different places; 0 is silent in both
    quiet = getattr(cv2, "setLogLevel", None) or getattr(cv2.utils, "logging", cv2).setLogLevel
    quiet(0)


def fps_of(capture: cv2.VideoCapture) -> float | None:
    """Frames a second by the container or driver; None where the value makes no sense."""
    fps = float(capture.get(cv2.CAP_PROP_FPS))
    return fps if 0.1 < fps < 1000 else None


def frames_of(capture: cv2.VideoCapture) -> int | None:
    """Number of frames by the container; None where it does not say."""
    count = capture.get(cv2.CAP_PROP_FRAME_COUNT)
    return int(count) if 0 < count < 1e9 else None
