"""jtop: the power of a Jetson's board, integrated over time (the board has no energy counter)."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock, Thread
from time import perf_counter
from typing import Any

from edge3dpose.bench.energy import EnergyPlugin, Meter
from edge3dpose.errors import MissingDependency

EVERY_S = 0.1


class PowerIntegral(Meter):
    """Joules from a power in watts that a thread reads ten times a second."""

    name = "jtop"
    covers = "the whole board"

    def __init__(self, watts: Callable[[], float], close: Callable[[], object]) -> None:
        self._watts, self._close = watts, close
        self._lock, self._ended = Lock(), Event()
        self._joules, self._last_s, self._last_w = 0.0, perf_counter(), watts()
        self._thread = Thread(target=self._listen, name="jtop", daemon=True)
        self._thread.start()

    def read_j(self) -> float:
        """Joules since it was opened, by the trapezoidal rule."""
        with self._lock:
            now_s, now_w = perf_counter(), self._watts()
            self._joules += (now_s - self._last_s) * (now_w + self._last_w) / 2
            self._last_s, self._last_w = now_s, now_w
            return self._joules

    def close(self) -> None:
        """End the thread and the connection; a second call does nothing."""
        if not self._ended.is_set():
            self._ended.set()
            self._thread.join()
            self._close()

    def _listen(self) -> None:
        while not self._ended.wait(EVERY_S):
            self.read_j()


class Jtop(EnergyPlugin):
    """Needs jetson-stats, whose service runs as root."""

    name = "jtop"

    def open(self) -> PowerIntegral:
        """The board's total; MissingDependency where jetson-stats or its service is missing."""
        try:
            from jtop import jtop
        except ImportError:
            raise MissingDependency(
                "jtop is not installed; on a Jetson: sudo pip install jetson-stats"
            ) from None
        board: Any = jtop(interval=EVERY_S)

        def watts() -> float:
            return float(board.power["tot"]["power"]) / 1000  # it gives milliwatts

        try:
            board.start()
            watts()
        except Exception as error:  # its own, the socket's and the keys' share no other base class
            raise MissingDependency(
                f"jtop does not answer: {error}; sudo systemctl restart jtop.service"
            ) from None
        return PowerIntegral(watts, board.close)


PLUGIN = Jtop()
