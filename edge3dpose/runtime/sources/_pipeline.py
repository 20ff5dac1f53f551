"""Checks a pipeline with GStreamer itself, before OpenCV opens it.

OpenCV 4 starts the rest of a pipeline whose first element does not exist, and never returns.
"""

from __future__ import annotations

import ctypes
import sys

_FATAL_ERRORS = 1  # GST_PARSE_FLAG_FATAL_ERRORS
_LIBRARY = {"win32": "gstreamer-1.0-0.dll", "darwin": "libgstreamer-1.0.0.dylib"}


class _GError(ctypes.Structure):
    _fields_ = (
        ("domain", ctypes.c_uint32),
        ("code", ctypes.c_int),
        ("message", ctypes.c_char_p),
    )


def fault_of(pipeline: str) -> str:
    """Why a pipeline cannot be made, in GStreamer's words; empty where it can, or is not known."""
    try:
        gst = ctypes.CDLL(_LIBRARY.get(sys.platform, "libgstreamer-1.0.so.0"))
    except OSError:
        return ""
    error = ctypes.POINTER(_GError)()
    gst.gst_parse_launch_full.restype = ctypes.c_void_p
    gst.gst_init(None, None)
    made = gst.gst_parse_launch_full(pipeline.encode(), None, _FATAL_ERRORS, ctypes.byref(error))
    if made:
        gst.gst_object_unref(ctypes.c_void_p(made))
        return ""
    if not error:
        return "GStreamer gives no reason"
    return (error.contents.message or b"").decode(errors="replace")
