"""Where messages are sent: HOST:PORT of an option, and whom a receiver of one person follows."""

from __future__ import annotations

import socket

from edge3dpose.errors import BadInput
from edge3dpose.types import Pose3D


def host_and_port(option: str, text: str, default_port: int | None = None) -> tuple[str, int]:
    """("host", port); BadInput for what is no address."""
    host, colon, port = text.rpartition(":")
    if not colon and default_port is not None:
        host, port = text, str(default_port)
    host = host.strip("[]")
    if not host or not port.isdigit() or not 0 < int(port) <= 65535 or "/" in host:
        example = f"127.0.0.1:{default_port or 9000}"
        raise BadInput(f"{option} is {text!r}; wanted HOST:PORT, such as {example}")
    return host, int(port)


def udp_socket(option: str, host: str, port: int) -> tuple[socket.socket, tuple]:
    """A socket that sends without waiting, and the address; BadInput for an unknown host."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[
            0
        ]
    except (OSError, UnicodeError) as error:
        raise BadInput(f"{option}: {host} is not known: {error}") from None
    sending = socket.socket(family, kind, protocol)
    sending.setblocking(False)
    return sending, address


class Followed:
    """One person of several: who came first, until that person is lost; then the largest."""

    def __init__(self) -> None:
        self._track_id: int | None = None

    def __call__(self, poses: list[Pose3D]) -> Pose3D | None:
        """The person among the poses of a frame; None where nobody is there."""
        if not poses:
            return None
        same = [pose for pose in poses if pose.track_id == self._track_id]
        chosen = same[0] if same else max(poses, key=_size)
        self._track_id = chosen.track_id
        return chosen


def _size(pose: Pose3D) -> float:
    return 0.0 if pose.box is None else pose.box.x1 - pose.box.x0
