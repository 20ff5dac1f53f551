"""Several servers of poses -> one page. This process reads them; the page knows only this server.

So each page goes on refusing other origins and frames around it, and their tokens stay in here.
The servers are read while somebody looks at the page.

Messages to the page are complete in themselves, since it may miss some:
    {"of": N, "frame": ..., "time_s": ..., "size": [w, h], "people": [...]}
    {"of": N, "state": ..., "why": ..., "fps": ...}                 once a second, and at changes
    1 byte N, 4 bytes with the frame's number (little-endian), a JPEG
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from edge3dpose import bounded_json
from edge3dpose.errors import BadInput, printable, without_secrets
from edge3dpose.skeletons import H36M17
from edge3dpose.types import Pose3D
from edge3dpose.viewer.channel import Channel
from edge3dpose.viewer.server import DEFAULT, Address, Content, Server

MOST_CAMERAS = 64
SILENT_S = 3.0  # without a frame
BACK_S = 5.0  # for so long it is said that a camera is back
_TELL_S, _RETRY_S, _UNSEEN_S = 1.0, 2.0, 5.0
_LARGEST = 16 << 20  # bytes of a message
_JPEG = b"\xff\xd8"
_RATE_OF = 30  # frames


@dataclass(frozen=True)
class Camera:
    """A server of poses: run --serve. url  of its WebSocket, with its token"""

    name: str
    url: str


def camera_of(text: str) -> Camera:
    """[NAME=]http://HOST:PORT/?token=SECRET, or [NAME=]HOST:PORT -> Camera.

    Raises BadInput for what is no address.
    """
    name, equals, address = text.partition("=")
    if not equals or set(name) & set(":/?"):
        name, address = "", text
    if "//" not in address:
        address = f"http://{address}"
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or parts.scheme not in ("http", "https"):
        raise BadInput(
            f"{without_secrets(text)!r} is no address of a page; wanted NAME=http://HOST:PORT, "
            f"such as door=http://{DEFAULT}"
        )
    scheme = "wss" if parts.scheme == "https" else "ws"
    query = urlencode(parse_qsl(parts.query, keep_blank_values=True))
    url = urlunsplit((scheme, parts.netloc, f"{parts.path.rstrip('/')}/poses", query, ""))
    shown = f"[{host}]" if ":" in host else host
    return Camera(printable(name.strip()) or (f"{shown}:{port}" if port else shown), url)


def serve_cameras(cameras: Sequence[Camera], address: Address) -> CamerasPage:
    """Serve one page of all cameras until it is closed.

    A camera that is away is told on the page and read again when it is back. Raises BadInput for
    two cameras of one name, and for an address that is taken.
    """
    names = [camera.name for camera in cameras]
    if len(set(names)) < len(names):
        raise BadInput("two cameras have one name; give each its own: --of NAME=http://HOST:PORT")
    if not 1 <= len(cameras) <= MOST_CAMERAS:
        raise BadInput(f"{len(cameras)} cameras on one page; wanted 1 to {MOST_CAMERAS}")
    return CamerasPage(cameras, address)


class CamerasPage:
    """A server of the page, and a reader of each camera, in threads of their own."""

    def __init__(self, cameras: Sequence[Camera], address: Address) -> None:
        self._channel, self._stop = Channel(keep_bytes=0), threading.Event()
        self._channel.publish("{}")  # the first message stays for late readers
        settings = {"names": [camera.name for camera in cameras], "joints": list(H36M17.joints)}
        content = Content(self._channel, settings=lambda: settings, index="cameras.html")
        self._server = Server(address, content)
        self.address = self._server.address
        self._readers = [
            _Reader(number, camera, self._channel, self._stop)
            for number, camera in enumerate(cameras)
        ]
        for reader in self._readers:
            reader.start()

    def close(self) -> None:
        """Stop; a second call does nothing."""
        self._stop.set()
        for reader in self._readers:
            reader.join(10)
        self._server.close()


class _Reader(threading.Thread):
    """Reads one camera while the page is looked at, and connects again when it was lost."""

    def __init__(
        self, number: int, camera: Camera, channel: Channel, ended: threading.Event
    ) -> None:
        super().__init__(name=f"camera {number}", daemon=True)
        self._number, self._camera, self._channel, self._ended = number, camera, channel, ended
        self._state, self._why = "connecting", ""
        self._size: Any = None
        self._last: dict[str, str | bytes] = {}  # frame and picture, for who comes later
        self._greeted = 0  # readers of the page
        self._times_s: deque[float] = deque(maxlen=_RATE_OF)
        self._frame_s = self._told_s = self._back_s = self._seen_s = -1e9  # on the clock

    def run(self) -> None:
        """Until the page is closed."""
        while not self._ended.is_set():
            if not self._wanted:
                self._ended.wait(0.1)
                continue
            self._read()
            retry_s = monotonic() + _RETRY_S
            while self._wanted and monotonic() < retry_s:
                self._greet()
                self._ended.wait(0.1)

    @property
    def _wanted(self) -> bool:
        """Whether somebody looks, or did a moment ago."""
        now_s = monotonic()
        if self._channel.readers:
            self._seen_s = now_s
        return not self._ended.is_set() and now_s - self._seen_s < _UNSEEN_S

    def _read(self) -> None:
        from websockets.exceptions import InvalidStatus, WebSocketException
        from websockets.sync.client import connect

        options: dict[str, Any] = {"max_size": _LARGEST, "compression": None, "close_timeout": 1}
        try:
            with connect(self._camera.url, open_timeout=5, **options) as socket:
                self._frame_s = monotonic()
                self._times_s.clear()
                while self._wanted:
                    self._greet()
                    with contextlib.suppress(TimeoutError):
                        self._take(socket.recv(timeout=0.2))
                    if monotonic() - self._told_s > _TELL_S:
                        self._look()
        except InvalidStatus as error:
            refused = error.response.status_code == 403
            self._lose("its token is missing or wrong" if refused else "it is no page of poses")
        except (OSError, TimeoutError):
            self._lose("it does not answer")
        except (WebSocketException, BadInput):
            self._lose("the connection broke off")

    def _take(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            if message[4:6] == _JPEG:
                self._publish("picture", bytes([self._number]) + message)
            return
        content = bounded_json.parse(message, "a message")
        if not isinstance(content, dict):
            return
        if "schema" in content:
            self._size = _size(content.get("camera"))
        elif "people" in content:
            self._publish_frame(content)
        elif content.get("event") == "camera":
            self._size = _size(content.get("camera"))
        elif content.get("event") == "source_lost":
            self._lose(f"its source: {content.get('reason', 'lost')}")
        elif content.get("event") == "source_back":
            self._come_back()
        elif content.get("event") == "end":
            self._say("over")

    def _publish_frame(self, content: dict[str, Any]) -> None:
        try:
            people = [Pose3D.from_dict(one, H36M17).to_dict() for one in content["people"]]
            index, time_s = int(content["frame"]), float(content["time_s"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadInput(f"no frame of poses: {error}") from None
        self._frame_s = monotonic()
        if self._times_s and time_s <= self._times_s[-1]:
            self._times_s.clear()
        self._times_s.append(time_s)
        if self._state != "back":
            self._come_back()
        wanted = ("id", "box", "pixels", "score", "outside")
        shown = [{name: one[name] for name in wanted if name in one} for one in people]
        frame = {"of": self._number, "frame": index, "time_s": time_s, "size": self._size}
        if isinstance(age_s := content.get("age_s"), int | float):
            frame["age_s"] = age_s
        self._publish("frame", json.dumps({**frame, "people": shown}))

    def _publish(self, kind: str, message: str | bytes) -> None:
        self._last[kind] = message
        self._channel.publish(message, keep=False)

    def _greet(self) -> None:
        """Say again what was said last, where another page was opened."""
        readers, before = self._channel.readers, self._greeted
        self._greeted = readers
        if readers > before:
            self._tell()
            for message in self._last.values():
                self._channel.publish(message, keep=False)

    def _look(self) -> None:
        """Once a second: whether frames come."""
        if self._state not in ("lost", "over") and monotonic() - self._frame_s > SILENT_S:
            self._lose("no frame comes")
        elif self._state == "back" and monotonic() - self._back_s > BACK_S:
            self._say("live")
        self._tell()

    def _come_back(self) -> None:
        if self._state == "lost":
            self._back_s = monotonic()
            self._say("back")
        elif self._state != "live":
            self._say("live")

    def _lose(self, why: str) -> None:
        if self._state != "over":
            self._say("lost", printable(why)[:200])

    def _say(self, state: str, why: str = "") -> None:
        changed = (state, why) != (self._state, self._why)
        self._state, self._why = state, why
        if changed:
            self._tell()

    def _tell(self) -> None:
        self._told_s = monotonic()
        said = {"of": self._number, "state": self._state, "why": self._why, "fps": self._fps}
        self._channel.publish(json.dumps(said), keep=False)

    @property
    def _fps(self) -> float | None:
        """Of the newest frames, by their own times; None where none comes."""
        if len(self._times_s) < 3 or self._state not in ("live", "back"):
            return None
        return round((len(self._times_s) - 1) / (self._times_s[-1] - self._times_s[0]), 1)


def _size(camera: Any) -> list[int] | None:
    """Width and height of the frames, where a header says them."""
    size = camera.get("size") if isinstance(camera, dict) else None
    if not isinstance(size, list) or len(size) != 2:
        return None
    return size if all(type(side) is int and 0 < side < 1 << 16 for side in size) else None
