"""Poses as JSON over MQTT: a message a frame, the header kept by the broker."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from edge3dpose.errors import BadInput, MissingDependency, without_secrets
from edge3dpose.plugins import PluginOption
from edge3dpose.poses_file import frame_line, header_line, header_of
from edge3dpose.runtime.sinks import Sink, SinkContext, SinkPlugin
from edge3dpose.types import Frame, Pose3D

PORT, TLS_PORT = 1883, 8883
WAIT_S = 5.0  # for the broker at the start, and for what waits at the end
MOST_WAITING = 100  # messages, while the broker is away; older ones are dropped
_log = logging.getLogger(__name__)


class MqttPlugin(SinkPlugin):
    """--mqtt HOST[:PORT]/TOPIC."""

    name = "mqtt"
    section = "Other programs"
    order = 51
    options = (
        PluginOption(
            "--mqtt",
            "Publish each frame's line at HOST[:PORT]/TOPIC, the header at TOPIC/header; "
            "mqtt://USER:PASSWORD@HOST/TOPIC, mqtts:// with TLS.",
        ),
    )

    def is_on(self, values: Mapping[str, Any]) -> bool:
        """Where a topic is given."""
        return values["mqtt"] is not None

    def check(self, values: Mapping[str, Any]) -> None:
        """BadInput for an address that cannot be."""
        _parts(values["mqtt"])

    def open(self, values: Mapping[str, Any], context: SinkContext) -> Sink:
        """Connect to the broker."""
        return MqttMessages(values["mqtt"], context)


class MqttMessages(Sink):
    """Connects again by itself when the broker comes back; the run does not wait for it."""

    def __init__(self, address: str, context: SinkContext) -> None:
        try:
            from paho.mqtt import client as paho
        except ImportError:
            raise MissingDependency(
                "--mqtt needs paho-mqtt; pip install 'edge3dpose[mqtt]'"
            ) from None
        parts, self._topic = _parts(address)
        self._header: dict[str, Any] | None = header_of(context.skeleton, **context.header)
        self._away = False
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self._client.max_queued_messages_set(MOST_WAITING)
        self._client.reconnect_delay_set(1, 5)
        if parts.username:
            self._client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
        secure = parts.scheme == "mqtts"
        if secure:
            self._client.tls_set()
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._lost
        port = parts.port or (TLS_PORT if secure else PORT)
        try:
            self._client.connect_timeout = WAIT_S
            self._client.connect(parts.hostname or "", port)
        except (OSError, ValueError) as error:
            where = f"{parts.hostname}:{port}"
            raise BadInput(f"no MQTT broker answers at {where}: {error}") from None
        self._client.loop_start()

    def __call__(self, frame: Frame, poses: list[Pose3D]) -> None:
        """Publish the frame."""
        if self._header is not None:
            header = header_line(self._header, frame).strip()
            self._client.publish(f"{self._topic}/header", header, qos=1, retain=True)
            self._header = None
        # while the broker is away, frames are dropped: a late pose is of no use
        if self._client.is_connected():
            self._client.publish(self._topic, frame_line(frame, poses).strip())

    def close(self) -> None:
        """Send what waits, and disconnect. A second call does nothing."""
        if self._client.is_connected():
            from threading import Event

            sent = Event()
            self._client.on_publish = lambda *_: sent.set()
            self._client.publish(f"{self._topic}/end", "", qos=1)
            sent.wait(WAIT_S)
        self.discard()

    def discard(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(self, _client: Any, _data: Any, _flags: Any, reason: Any, _more: Any) -> None:
        if reason.is_failure:
            _log.warning("the MQTT broker refuses: %s", reason)
        elif self._away:
            self._away = False
            _log.warning("the MQTT broker is back")

    def _lost(self, _client: Any, _data: Any, _flags: Any, reason: Any, _more: Any) -> None:
        if reason.is_failure and not self._away:
            self._away = True
            _log.warning("the MQTT broker is gone, trying again: %s", reason)


def _parts(text: str) -> tuple[Any, str]:
    """The parts of the address, and the topic."""
    parts = urlsplit(text if "://" in text else f"mqtt://{text}")
    topic = parts.path.removeprefix("/").rstrip("/")
    try:
        known = parts.scheme in ("mqtt", "mqtts") and parts.hostname and (parts.port or 1) > 0
    except ValueError:
        known = False
    if not known or not topic or parts.fragment or any(c in text for c in "#+\0"):
        raise BadInput(
            f"--mqtt is {without_secrets(text)!r}; wanted HOST[:PORT]/TOPIC, such as "
            "localhost/poses/door"
        )
    return parts, topic


PLUGIN = MqttPlugin()
