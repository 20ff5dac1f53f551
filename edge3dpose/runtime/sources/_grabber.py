"""An open camera or stream, as the supervisor of live sources reads it."""

from __future__ import annotations

from dataclasses import dataclass

from edge3dpose.types import Image

CAPTURE, DECODE = "capture", "decode"  # where the age of a frame is counted from


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a live source.

    image    (H, W, 3) BGR
    delay_s  from its capture to now, as far as the stream's time stamps tell; else 0
    """

    image: Image
    delay_s: float = 0.0


class Grabber:
    """Gives one picture after the other. Opened, read and closed by one thread at a time."""

    fps: float | None = None
    said: tuple[str, ...] = ()  # what it really gives, a line each
    age_from: str = DECODE
    fault: str = "it has ended"  # why read() gave None

    def read(self) -> Picture | None:
        """The next picture; waits for it. None where there will be no more.

        A picture that cannot be decoded is left out.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Free the device; a second call does nothing."""
        raise NotImplementedError
