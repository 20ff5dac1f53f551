"""A camera opened by OpenCV as the user asked, with what it really gives."""

from __future__ import annotations

import os
from pathlib import Path

import cv2

from edge3dpose.errors import BadInput
from edge3dpose.runtime.sources import SourceOptions
from edge3dpose.runtime.sources._capture import fps_of, open_capture
from edge3dpose.runtime.sources._capture_grabber import CaptureGrabber


def open_camera(arg: str | int, options: SourceOptions) -> CaptureGrabber:
    """Open a camera by its number or device; BadInput where that cannot be."""
    capture = open_capture(arg if isinstance(arg, int) else os.path.realpath(arg))
    if not capture.isOpened():
        capture.release()
        devices = ", ".join(sorted(str(path) for path in Path("/dev").glob("video*")))
        raise BadInput(
            f"cannot open camera {arg}: it is not plugged in, in use or not permitted; "
            f"devices here: {devices or 'none'}"
        )
    _ask(capture, options)
    return CaptureGrabber(capture, (_given(arg, capture, options),))


def _ask(capture: cv2.VideoCapture, options: SourceOptions) -> None:
    if options.pixel_format:  # first: sizes and rates depend on it
        code = cv2.VideoWriter.fourcc(*options.pixel_format.upper().ljust(4))
        capture.set(cv2.CAP_PROP_FOURCC, code)
    if options.resolution:
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, options.resolution[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, options.resolution[1])
    if options.camera_fps:
        capture.set(cv2.CAP_PROP_FPS, options.camera_fps)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # a queue in the driver would give old frames


def _given(arg: str | int, capture: cv2.VideoCapture, options: SourceOptions) -> str:
    """What the camera gives, and what it was asked for where that is something else."""
    width = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH))
    height = int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    fps = fps_of(capture)
    code = int(capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little", signed=True)
    letters = code.decode("ascii", "replace").strip("\0 ").lower()
    known = letters if letters.isalnum() else ""
    text = f"camera {arg} gives {width}x{height}"
    text += f" at {fps:g} FPS" if fps else ", a rate that it does not tell"
    text += f", {known}" if known else ""
    refused = []
    if options.resolution and options.resolution != (width, height):
        refused.append("{}x{}".format(*options.resolution))
    if options.camera_fps and (fps is None or abs(fps - options.camera_fps) > 0.5):
        refused.append(f"{options.camera_fps:g} FPS")
    if options.pixel_format and known and options.pixel_format.lower() != known:
        refused.append(options.pixel_format.lower())
    return f"{text}; asked for {', '.join(refused)}" if refused else text
