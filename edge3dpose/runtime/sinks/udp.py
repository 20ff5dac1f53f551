"""Poses as JSON lines over UDP, a line a datagram: for game engines and programs of one's own."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from time import monotonic
from typing import Any

from edge3dpose.plugins import PluginOption
from edge3dpose.poses_file import frame_line, header_line, header_of
from edge3dpose.runtime.sinks import Sink, SinkContext, SinkPlugin
from edge3dpose.runtime.sinks._target import host_and_port, udp_socket
from edge3dpose.types import Frame, Pose3D

HEADER_EVERY_S = 1.0  # for receivers that come later
LARGEST = 65_000  # bytes of a datagram
_log = logging.getLogger(__name__)


class UdpPlugin(SinkPlugin):
    """--udp HOST:PORT."""

    name = "udp"
    section = "Other programs"
    order = 50
    options = (
        PluginOption(
            "--udp",
            "Send the lines of --jsonl to HOST:PORT, a line a datagram, the header each second.",
        ),
    )

    def is_on(self, values: Mapping[str, Any]) -> bool:
        """Where an address is given."""
        return values["udp"] is not None

    def check(self, values: Mapping[str, Any]) -> None:
        """BadInput for an address that cannot be."""
        host_and_port("--udp", values["udp"])

    def open(self, values: Mapping[str, Any], context: SinkContext) -> Sink:
        """Look the host up."""
        return UdpLines(*host_and_port("--udp", values["udp"]), context)


class UdpLines(Sink):
    """Sends and forgets: nobody need be listening."""

    def __init__(self, host: str, port: int, context: SinkContext) -> None:
        self._header = header_of(context.skeleton, **context.header)
        self._socket, self._address = udp_socket("--udp", host, port)
        self._next_header_s = 0.0
        self._told = False

    def __call__(self, frame: Frame, poses: list[Pose3D]) -> None:
        """Send the line of a frame."""
        if monotonic() >= self._next_header_s:
            self._next_header_s = monotonic() + HEADER_EVERY_S
            self._send(header_line(self._header, frame))
        line = frame_line(frame, poses)
        while len(line) > LARGEST and poses:
            poses = poses[:-1]
            line = frame_line(frame, poses)
            self._tell("people were left out of a datagram: it holds 65,000 bytes")
        self._send(line)

    def close(self) -> None:
        """Close the socket. A second call does nothing."""
        self._socket.close()

    discard = close

    def _send(self, line: str) -> None:
        try:
            self._socket.sendto(line.encode(), self._address)
        except ConnectionRefusedError:  # nobody listens yet
            pass
        except OSError as error:
            self._tell(f"--udp: a datagram was not sent: {error.strerror or error}")

    def _tell(self, text: str) -> None:
        if not self._told:
            self._told = True
            _log.warning("%s", text)


PLUGIN = UdpPlugin()
