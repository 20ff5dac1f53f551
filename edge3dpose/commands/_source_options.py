"""How a source is read: options that become SourceOptions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])
_POSITIVE = click.FloatRange(min=0, min_open=True, max=10000)

_SECONDS = click.FloatRange(min=0, max=1e9)


class Resolution(click.ParamType):
    """WIDTHxHEIGHT."""

    name = "WxH"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, int]:
        found = re.fullmatch(r"([1-9]\d{0,4})[xX*]([1-9]\d{0,4})", str(value))
        if not found:
            self.fail(f"{value!r} is no resolution; wanted such as 1280x720", param, ctx)
        return int(found[1]), int(found[2])


class PixelFormat(click.ParamType):
    """Four letters of a camera's format."""

    name = "NAME"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        text = str(value).lower()
        text = {"mjpeg": "mjpg", "yuyv422": "yuyv"}.get(text, text)
        if not re.fullmatch(r"[a-z0-9]{3,4}", text):
            self.fail(f"{value!r} is no pixel format; wanted such as mjpg or yuyv", param, ctx)
        return text


def source_options(command: Function) -> Function:
    """Add --resolution, --fps, --reconnect, --wait and the others to a command."""
    options = (
        click.option("--resolution", type=Resolution(), help="Size to ask a camera for."),
        click.option("--fps", "camera_fps", type=_POSITIVE, help="Frame rate to ask a camera for."),
        click.option("--pixel-format", type=PixelFormat(), help="To ask a camera for: mjpg ..."),
        click.option(
            "--stream",
            type=click.IntRange(min=0),
            help="Number of a video stream in the file.  [default: the largest]",
        ),
        click.option(
            "--sequence",
            "sequence_fps",
            type=_POSITIVE,
            metavar="FPS",
            help="The pictures of a folder are frames of one film, so many a second.",
        ),
        click.option(
            "--reconnect",
            "reconnect_s",
            type=_SECONDS,
            metavar="SECONDS",
            help="Wait so long for a live source that was lost, 0 not at all; then exit with 3.  "
            "[default: for ever]",
        ),
        click.option(
            "--wait",
            "wait_s",
            type=_SECONDS,
            metavar="SECONDS",
            help="Wait so long for a live source that is not there at the start.",
        ),
        click.option("--hwaccel", help="Decode with FFmpeg's device of this name, such as cuda."),
    )
    for option in reversed(options):
        command = option(command)
    return command
