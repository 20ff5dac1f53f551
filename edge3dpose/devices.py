"""Devices, pipes and standard output: what is written to as it is, and never replaced."""

from __future__ import annotations

import os
import re
import select
import stat
import sys
from pathlib import Path
from time import monotonic

from edge3dpose import stopping
from edge3dpose.errors import BadInput

STDOUT = "-"
_DESCRIPTOR = re.compile(r"/dev/(?:fd/|stdin$|stdout$|stderr$)(\d*)|/proc/self/fd/(\d+)")
_AT_ONCE = 4096  # bytes that a pipe takes whole where select() says that it takes some
_POLL_S = 0.1
_LAST_WAIT_S = 2.0  # at the end of a run, for who reads a pipe and is slow


def is_stream(path: Path) -> bool:
    """Whether a name means standard output, a device or a pipe: something that is written to."""
    if str(path) == STDOUT or _descriptor(path) is not None:
        return True
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def opened(path: Path) -> int:
    """A file descriptor to write to; BadInput where that cannot be."""
    number = _descriptor(path)
    try:
        if number is None:
            with stopping.interruptible():  # a pipe waits for its reader
                return os.open(path, os.O_WRONLY | getattr(os, "O_BINARY", 0))
        if number in (1, 2):
            (sys.stdout if number == 1 else sys.stderr).flush()
        return os.dup(number)
    except (OSError, ValueError, AttributeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"cannot write {path}: {reason}; name another file") from error


def taken_by(handle: int) -> int:
    """So many bytes a device or a pipe takes at once; waits until it takes some.

    Raises BrokenPipeError where the run is to end and nobody reads any more.
    """
    if sys.platform == "win32":  # select() knows sockets alone there
        return _AT_ONCE
    since_s = None
    while not select.select([], [handle], [], _POLL_S)[1]:
        if stopping.asked():
            since_s = monotonic() if since_s is None else since_s
            if monotonic() - since_s > _LAST_WAIT_S:
                raise BrokenPipeError
    return _AT_ONCE


def _descriptor(path: Path) -> int | None:
    """The number of an open file that a name such as /dev/stdout means."""
    named = str(path)
    if named == STDOUT:
        return 1
    found = _DESCRIPTOR.fullmatch(named) if os.name == "posix" else None
    if found is None:
        return None
    number = found.group(1) or found.group(2)
    return int(number) if number else {"out": 1, "err": 2}.get(named[-3:], 0)
