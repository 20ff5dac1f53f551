"""Messages from one writer to several readers, none of whom can hold up the writer."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from typing import TypeAlias

Message: TypeAlias = "str | bytes"

QUEUE = 1000  # messages that may wait for one reader
_WAKE_S = 0.5


class Channel:
    """Keeps what was published, for readers who come later.

    keep_bytes  of messages, the newest; the first message stays
    """

    def __init__(self, keep_bytes: int) -> None:
        self._keep_bytes = keep_bytes
        self._first: Message | None = None
        self._kept: deque[Message] = deque()
        self._bytes = 0
        self._readers: list[Reader] = []
        self._lock = threading.Lock()
        self.ended = False

    @property
    def readers(self) -> int:
        """How many read it now."""
        return len(self._readers)

    def publish(self, message: Message, *, keep: bool = True) -> None:
        """Give a message to everybody; with ``keep`` also to those who come later."""
        with self._lock:
            if self._first is None:
                self._first = message
            elif keep:
                self._kept.append(message)
                self._bytes += len(message)
                while self._bytes > self._keep_bytes and len(self._kept) > 1:
                    self._bytes -= len(self._kept.popleft())
            readers = list(self._readers)
        for reader in readers:
            reader.put(message)

    def subscribe(self) -> Reader:
        """A reader of everything that is kept, and of what comes."""
        with self._lock:
            kept = [] if self._first is None else [self._first, *self._kept]
            reader = Reader(self, kept)
            self._readers.append(reader)
        return reader

    def leave(self, reader: Reader) -> None:
        """The reader wants no more; a second call does nothing."""
        with self._lock:
            if reader in self._readers:
                self._readers.remove(reader)

    def end(self) -> None:
        """Nothing more comes: readers end when they have read what waits."""
        self.ended = True
        with self._lock:
            readers = list(self._readers)
        for reader in readers:
            reader.wake()


class Reader:
    """What waits for one reader: the newest ``QUEUE`` messages after those that were kept."""

    def __init__(self, channel: Channel, kept: list[Message]) -> None:
        self._channel = channel
        self._waiting = deque(kept)
        self._most = len(kept) + QUEUE
        self._changed = threading.Condition()
        self.dropped = 0

    def put(self, message: Message) -> None:
        """Add a message; the oldest but the first is dropped where too many wait."""
        with self._changed:
            if len(self._waiting) >= self._most:
                del self._waiting[1]
                self.dropped += 1
            self._waiting.append(message)
            self._changed.notify()

    def wake(self) -> None:
        """Look again whether the channel has ended."""
        with self._changed:
            self._changed.notify()

    def __iter__(self) -> Iterator[Message | None]:
        """The messages in turn; None now and then while none comes."""
        while True:
            with self._changed:
                if not self._waiting:
                    if self._channel.ended:
                        return
                    self._changed.wait(_WAKE_S)
                message = self._waiting.popleft() if self._waiting else None
            yield message
