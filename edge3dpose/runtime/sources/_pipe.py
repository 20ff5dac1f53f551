"""A pipe, read so that waiting for data can be ended from another thread or by Ctrl-C."""

from __future__ import annotations

import io
import os
import select
import stat
import sys
from pathlib import Path

from edge3dpose.errors import BadInput

_POLL_S = 0.1
STDIN = "-"


class PipeReader:
    """The bytes of a file descriptor, for PyAV: an object with read().

    What ends a read from outside, Ctrl-C too, looks like the end of the data to FFmpeg; it is kept
    in ``interrupted`` for the loop to raise.
    """

    def __init__(self, descriptor: int, name: str, *, owned: bool) -> None:
        self.name = name
        self.interrupted: BaseException | None = None
        self._descriptor, self._owned = descriptor, owned
        self._ended = False

    def read(self, size: int) -> bytes:
        """At most so many bytes, as soon as there are some; none at the end."""
        try:
            while not self._ended:
                if _ready(self._descriptor):
                    return os.read(self._descriptor, size)
        except BaseException as error:  # it must not cross FFmpeg, which would swallow it
            self.interrupted, self._ended = error, True
        return b""

    def cancel(self) -> None:
        """A read that waits ends; callable from any thread."""
        self._ended = True

    def close(self) -> None:
        """Close the descriptor, where it is ours."""
        self._ended = True
        if self._owned:
            self._owned = False
            os.close(self._descriptor)


def is_pipe(arg: str) -> bool:
    """Whether an argument names standard input, a FIFO or a character device that can be read."""
    if arg == STDIN:
        return True
    try:
        mode = os.stat(Path(arg).expanduser()).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode)


def open_pipe(arg: str) -> PipeReader | io.FileIO:
    """Open what is_pipe() takes; waits for a FIFO's writer.

    Returns a file, which can seek, where standard input is one. BadInput where it cannot be read.
    """
    if arg in (STDIN, "/dev/stdin"):
        return _stdin(arg)
    try:
        flags = os.O_RDONLY | getattr(os, "O_BINARY", 0)
        return PipeReader(os.open(Path(arg).expanduser(), flags), arg, owned=True)
    except OSError as error:
        raise BadInput(f"cannot read {arg}: {error.strerror or error}") from None


def _stdin(arg: str) -> PipeReader | io.FileIO:
    try:
        descriptor = sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):
        raise BadInput(f"--source {arg}: there is no standard input") from None
    if os.isatty(descriptor):
        raise BadInput(f"--source {arg} reads a video from a pipe: COMMAND | edge3dpose run ...")
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(descriptor, os.O_BINARY)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return io.FileIO(os.dup(descriptor))
    return PipeReader(descriptor, "stdin", owned=False)


def _ready(descriptor: int) -> bool:
    """Whether a read would give something now, or the end; waits for a moment."""
    if sys.platform == "win32":  # select() knows sockets alone there
        return True
    return bool(select.select([descriptor], [], [], _POLL_S)[0])
