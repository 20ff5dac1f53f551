"""Signals that end a run: noted at any time, raised only where waiting can be given up safely.

A KeyboardInterrupt in the middle of a lock or of a file's end would leave a thread waiting for
ever, or half a file. A program that does not use ``note`` as a handler is not concerned.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

PATIENCE_S = 10.0  # a signal that comes so long after the first ends what hangs


class _Asked:
    since_s: float | None = None  # of the first signal
    waiting: bool = False  # the main thread can be interrupted


_asked = _Asked()


def note(*_: object) -> None:
    """Handle a signal: ask the run to end. Further signals do not disturb it while it ends."""
    first = _asked.since_s is None
    if first:
        _asked.since_s = monotonic()
    assert _asked.since_s is not None
    if _asked.waiting or (not first and monotonic() - _asked.since_s > PATIENCE_S):
        _asked.waiting = False
        raise KeyboardInterrupt


def asked() -> bool:
    """Whether a signal has come since ``forget``."""
    return _asked.since_s is not None


def forget() -> None:
    """Begin anew: no signal has come."""
    _asked.since_s, _asked.waiting = None, False


def raise_if_asked(after_s: float = 0.0) -> None:
    """Called by the main thread now and then while it waits: KeyboardInterrupt after a signal.

    after_s  so long after the signal, for what should be finished first
    """
    if _asked.since_s is None or threading.current_thread() is not threading.main_thread():
        return
    if monotonic() - _asked.since_s >= after_s:
        raise KeyboardInterrupt


@contextmanager
def interruptible() -> Iterator[None]:
    """Around what may wait long: raises KeyboardInterrupt there, or at once where it was asked."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _asked.waiting = True
    try:
        if _asked.since_s is not None:
            raise KeyboardInterrupt
        yield
    finally:
        _asked.waiting = False
