"""What is wrong with a video that FFmpeg does not open or decode, in one line with the fix."""

from __future__ import annotations

import re
from typing import Any

import av
from av.error import FFmpegError, HTTPClientError, HTTPServerError, InvalidDataError

_REFUSED_KINDS = {"tty": "is a text", "lavfi": "is no file", "concat": "is a list of files"}


def not_opened(name: str, error: Exception, *, network: bool) -> str:
    """Why av.open() failed."""
    reason = getattr(error, "strerror", None) or str(error)
    if isinstance(error, HTTPClientError | HTTPServerError):
        return f"cannot open {name}: the server says: {reason}"
    if network and not isinstance(error, InvalidDataError):
        return f"cannot open {name}: nothing answers there, or it is no video ({reason})"
    if isinstance(error, InvalidDataError) or not isinstance(error, OSError | FFmpegError):
        return (
            f"{name} is no video that FFmpeg can read, or it is truncated; look at it with: "
            f"ffprobe {name}"
        )
    return f"cannot read {name}: {reason}"


def refused_kind(kind: str, description: str) -> str:
    """Why a file that FFmpeg opens is no film for us; empty where it is."""
    if kind in _REFUSED_KINDS:
        return f"{_REFUSED_KINDS[kind]}, no video"
    found = re.search(r"DOVI configuration record.*profile: 5\b", description)
    if found:
        return (
            "is Dolby Vision profile 5, whose colours cannot be read; convert it to HDR10, HLG or "
            "BT.709 first"
        )
    return ""


def no_such_stream(name: str, wanted: int, films: list[Any]) -> str:
    """There is no stream of this number."""
    shown = ", ".join(f"{stream.index} ({_size(stream)})" for stream in films)
    return f"--stream {wanted}: {name} has the video streams {shown or 'none'}"


def no_codec(name: str, description: str) -> str:
    """This FFmpeg has no decoder."""
    found = re.search(r"Video: (.+?)(?:, |$)", description)
    codec = found.group(1) if found else "an unknown codec"
    return f"{name} is video of {codec}, {_fix(name)}"


def nothing_decoded(name: str, stream: Any, damaged: bool) -> str:
    """The headers are good, but there is no frame."""
    codec = stream.codec_context.codec
    if not damaged:
        return f"{name} has no frame in it ({codec.name}): it is empty or truncated"
    return (
        f"not one frame of {name} can be decoded: it is damaged, or {codec.long_name} of a kind "
        f"{_fix(name)}"
    )


def index_too_late(name: str) -> str:
    """The pictures of an MP4 in a pipe, whose index comes after them."""
    return (
        f"{name} is an MP4 whose index is at its end, which a pipe gives too late; name the file "
        "itself, or pass it as --source - < FILE"
    )


def _fix(name: str) -> str:
    return (
        f"which FFmpeg {av.ffmpeg_version_info} here cannot decode; pip install --upgrade av, or "
        f"convert it: ffmpeg -i {name} -c:v libx264 converted.mp4"
    )


def _size(stream: Any) -> str:
    context = stream.codec_context
    return "no decoder" if context is None else f"{context.width}x{context.height} {context.name}"
