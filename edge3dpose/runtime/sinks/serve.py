"""Poses on a page in the browser, as they come."""

from __future__ import annotations

import json
import logging
import struct
import threading
from collections.abc import Mapping
from time import monotonic, sleep
from typing import Any

from edge3dpose import stopping
from edge3dpose.plugins import PluginOption
from edge3dpose.poses_file import event_line, frame_line, header_line, header_of
from edge3dpose.runtime.sinks import Sink, SinkContext, SinkPlugin
from edge3dpose.runtime.sources import SourceEvent
from edge3dpose.types import Frame, Image, Pose3D
from edge3dpose.viewer import server
from edge3dpose.viewer.channel import Channel

PICTURES_A_SECOND = 15.0
PICTURE_PX = 960  # longer side
JPEG_QUALITY = 75
LIVE_BYTES, FILE_BYTES = 4 << 20, 128 << 20  # kept for pages that are opened later
_log = logging.getLogger(__name__)


class ServePlugin(SinkPlugin):
    """--serve [HOST:PORT]."""

    name = "serve"
    section = "Other programs"
    needs_h36m17 = True
    order = 90  # files are finished before the page is waited for
    options = (
        PluginOption(
            "--serve",
            f"Show picture, joints and a 3D view in a browser.  [default: {server.DEFAULT}]",
            bare=server.DEFAULT,
        ),
        PluginOption(
            "--token", "Secret of --serve, which lets other machines in: open /?token=SECRET."
        ),
        PluginOption(
            "--stay/--no-stay",
            "When a file has ended, keep its page until Ctrl-C.",
            kind=bool,
            default=True,
            show_default=True,
        ),
    )

    def is_on(self, values: Mapping[str, Any]) -> bool:
        """Where an address is given."""
        return values["serve"] is not None

    def check(self, values: Mapping[str, Any]) -> None:
        """BadInput for an address that cannot be."""
        server.address_of(values["serve"], values["token"])

    def open(self, values: Mapping[str, Any], context: SinkContext) -> Sink:
        """Listen."""
        address = server.address_of(values["serve"], values["token"])
        return Served(address, context, stay=values["stay"] and not context.live)


class Served(Sink):
    """Every pose goes to every page that keeps up; pictures as often as they can be seen."""

    def __init__(self, address: server.Address, context: SinkContext, *, stay: bool) -> None:
        self._header = header_of(context.skeleton, **context.header)
        self._stay, self._begun, self._ended = stay, False, False
        self._channel = Channel(LIVE_BYTES if context.live else FILE_BYTES)
        settings = {"mode": "live", "title": context.source.replace("\\", "/").rpartition("/")[2]}
        content = server.Content(self._channel, settings=lambda: settings)
        self._server = server.Server(address, content)
        self._pictures = _Pictures(self._channel, always=not context.live)
        self.address = self._server.address
        shown = self.address.url.partition("?")[0]
        secret = "?token=..." if self.address.token else ""
        _log.warning("the page is at %s%s", shown, secret)

    def __call__(self, frame: Frame, poses: list[Pose3D]) -> None:
        """Publish the frame."""
        if not self._begun:
            self._begun = True
            self._channel.publish(header_line(self._header, frame).strip())
        self._pictures.offer(frame)
        self._channel.publish(frame_line(frame, poses).strip())

    def event(self, event: SourceEvent) -> None:
        """Say that the source was lost, or is back."""
        if self._begun:  # the first message is the header
            self._channel.publish(event_line(event.to_dict()).strip())

    def close(self) -> None:
        """End; the page of a file stays until Ctrl-C where that was asked."""
        if self._ended:
            return
        self._pictures.close()
        if self._begun:
            self._channel.publish(json.dumps({"event": "end"}))
        if self._stay and self._begun and not stopping.asked():
            _log.warning("the source has ended; the page stays until Ctrl-C (--no-stay: it goes)")
            while not stopping.asked():
                sleep(0.1)
        self.discard()

    def discard(self) -> None:
        """Stop the server."""
        if not self._ended:
            self._ended = True
            self._pictures.close()
            self._server.close()


class _Pictures:
    """Compresses frames in a thread of its own; a frame that comes too soon is left out."""

    def __init__(self, channel: Channel, *, always: bool) -> None:
        self._channel, self._always = channel, always
        self._next_s = 0.0
        self._frame: Frame | None = None
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="page pictures", daemon=True)
        self._thread.start()

    def offer(self, frame: Frame) -> None:
        """Take a frame, if somebody looks, or may look later, and it is time."""
        if not (self._always or self._channel.readers):
            return
        now_s = frame.time_s if self._always else monotonic()
        if now_s + 1e-3 < self._next_s <= now_s + 1.0:
            return
        self._next_s = now_s + 1 / PICTURES_A_SECOND
        with self._changed:
            self._frame = frame
            self._changed.notify()

    def close(self) -> None:
        """Finish what waits, and stop. A second call does nothing."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                while self._frame is None and not self._closed:
                    self._changed.wait()
                frame, self._frame = self._frame, None
            if frame is None:
                return
            if data := _jpeg(frame.image):
                index = struct.pack("<I", frame.index & 0xFFFFFFFF)
                self._channel.publish(index + data, keep=self._always)


def _jpeg(image: Image) -> bytes:
    import cv2

    factor = PICTURE_PX / max(image.shape[:2])
    small: Any = image
    if factor < 1:
        small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    done, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return bytes(data) if done else b""


PLUGIN = ServePlugin()
