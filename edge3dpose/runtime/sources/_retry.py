"""When a live source is opened again: after pauses that grow, or at once when it is seen again."""

from __future__ import annotations

import logging
import math
import os
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TypeVar
from urllib.parse import urlsplit

from edge3dpose.errors import BadInput, Edge3DPoseError, SourceLost, without_secrets
from edge3dpose.runtime.sources import SourceOptions

FIRST_S, LONGEST_S = 0.5, 5.0  # pauses between two attempts
LOOK_EVERY_S = 0.5
CONNECT_S = 0.5  # a server that takes longer to answer is looked for by attempts alone
_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443, "rtmp": 1935, "tcp": None}

Opened = TypeVar("Opened")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Retry:
    """How long a live source is waited for.

    reconnect_s  after it was lost; infinite for ever, 0 not at all
    wait_s       before its first frame
    is_there     a cheap look whether opening it is worth an attempt; None where there is none
    """

    reconnect_s: float = math.inf
    wait_s: float = 0.0
    is_there: Callable[[], bool] | None = None


def retry_of(options: SourceOptions, is_there: Callable[[], bool] | None = None) -> Retry:
    """What --reconnect and --wait ask for."""
    reconnect_s = math.inf if options.reconnect_s is None else options.reconnect_s
    return Retry(reconnect_s, options.wait_s or 0.0, is_there)


class BackOff:
    """The pauses between attempts."""

    def __init__(self, is_there: Callable[[], bool] | None = None) -> None:
        self._is_there = is_there
        self._next_s = FIRST_S

    def reset(self) -> None:
        """It was open and good: the next pause is short again."""
        self._next_s = FIRST_S

    def pause(self, ended: threading.Event, until_s: float = math.inf) -> None:
        """Wait before the next attempt; shorter where the source comes into sight, or must end.

        ended    set by another thread that wants this one to end
        until_s  of monotonic(): no longer than this
        """
        until_s = min(until_s, monotonic() + self._next_s)
        self._next_s = min(2 * self._next_s, LONGEST_S)
        seen = self._looked()
        while not ended.is_set() and (left_s := until_s - monotonic()) > 0:
            ended.wait(min(left_s, LOOK_EVERY_S))
            before, seen = seen, self._looked()
            if seen and not before:
                return

    def _looked(self) -> bool:
        return self._is_there is not None and self._is_there()


def waited_for(open_it: Callable[[], Opened], retry: Retry) -> Opened:
    """Open a source, again and again for ``retry.wait_s``.

    Raises what the first attempt raised where it is not waited for, else SourceLost.
    """
    end_s = monotonic() + retry.wait_s
    back_off, told = BackOff(retry.is_there), False
    while True:
        try:
            return open_it()
        except BadInput as error:
            if not retry.wait_s:
                raise
            if monotonic() >= end_s:
                raise SourceLost(f"{error}; waited {retry.wait_s:g} s") from None
            if not told:
                _log.warning("%s; waiting %g s for it", without_secrets(str(error)), retry.wait_s)
                told = True
        back_off.pause(threading.Event(), end_s)


def reason_of(error: Exception) -> str:
    """An error of a driver in a few words, without the secrets of an address."""
    text = " ".join(str(error).split())[:200]
    known = isinstance(error, Edge3DPoseError)
    return without_secrets(text if known else f"{type(error).__name__}: {text}".rstrip(": "))


def server_of(address: str) -> Callable[[], bool] | None:
    """A look whether the server of an address takes connections; None where that is not known."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port or _PORTS.get(parts.scheme.lower())
    except ValueError:
        return None
    if parts.scheme.lower() not in _PORTS or not host or port is None:
        return None
    return lambda: _takes_connections(host, port)


def device_of(camera: str | int) -> Callable[[], bool] | None:
    """A look whether a camera's device is there; None where devices are no files."""
    if not sys.platform.startswith("linux"):
        return None
    path = Path(f"/dev/video{camera}" if isinstance(camera, int) else camera).expanduser()
    return lambda: os.path.exists(path)


def _takes_connections(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=CONNECT_S):
            return True
    except OSError:
        return False
