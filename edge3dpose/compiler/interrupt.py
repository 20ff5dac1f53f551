"""Ctrl-C during a C++ build: noted at once, raised when the build has ended."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any


class Interrupt:
    """Between enter and exit Ctrl-C only sets ``asked``; leaving raises KeyboardInterrupt then."""

    def __init__(self) -> None:
        self.asked = False
        self._before: Any = None
        self._here = threading.current_thread() is threading.main_thread()  # others get no signals

    def __enter__(self) -> Interrupt:
        if self._here:
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._here:
            signal.signal(signal.SIGINT, self._before or signal.default_int_handler)
        if self.asked:
            raise KeyboardInterrupt

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
