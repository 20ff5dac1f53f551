"""A web server of the page, and of messages over a WebSocket. It answers this machine by default.

Who may connect: without a token the server listens on loopback only, and a page of another origin
is refused (cross-site WebSocket hijacking, RFC 6455 section 10.2), as is a name of this machine
that is not a loopback name (DNS rebinding). With a token, who has it.
"""

from __future__ import annotations

import contextlib
import hmac
import ipaddress
import mimetypes
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from edge3dpose.errors import BadInput
from edge3dpose.viewer.channel import Channel

DEFAULT = "127.0.0.1:8080"
MOST_CLIENTS = 32
PATIENCE_S = 1.0  # with clients that do not take what they are sent, at the end
PAGE = Path(__file__).with_name("page")
_LEAST_TOKEN = 8  # characters
_POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; style-src 'self'; "
    "script-src 'self'; connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'"
)


@dataclass(frozen=True)
class Address:
    """Where to listen. token  a secret that clients must know; None on loopback"""

    host: str
    port: int
    token: str | None = None

    @property
    def loopback(self) -> bool:
        """Whether only programs of this machine can connect."""
        return _is_loopback(self.host)

    @property
    def url(self) -> str:
        """What to open in a browser."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        secret = f"?token={quote(self.token)}" if self.token else ""
        return f"http://{host}:{self.port}/{secret}"


def address_of(text: str, token: str | None = None) -> Address:
    """HOST:PORT, or a PORT, or a HOST -> Address.

    Raises BadInput for a host that others can reach without a token, and for a short token.
    """
    host, _, port = text.rpartition(":")
    if not host and port.isdigit():
        host = "127.0.0.1"
    elif not port.isdigit():
        host, port = text, DEFAULT.rpartition(":")[2]
    host = host.strip("[]")
    if not host or not 0 <= int(port) <= 65535:
        raise BadInput(f"{text!r} is no address to serve at; wanted HOST:PORT, such as {DEFAULT}")
    address = Address(host, int(port), token or None)
    if not address.loopback and token is None:
        raise BadInput(
            f"{host} may be open to other machines: give a secret with --token, "
            f"or serve at {DEFAULT}"
        )
    if token is not None and len(token) < _LEAST_TOKEN:
        raise BadInput(f"the token is short; wanted {_LEAST_TOKEN} characters or more")
    return address


@dataclass(frozen=True)
class Content:
    """What the server has beside the page. files  by URL path, sent in parts where asked"""

    channel: Channel | None = None
    files: Mapping[str, Path] = field(default_factory=dict)
    settings: Callable[[], Mapping[str, Any]] = dict  # of the page, as JSON at /settings.json
    index: str = "index.html"


class Server:
    """Runs in threads of its own until close()."""

    def __init__(self, address: Address, content: Content) -> None:
        from websockets.sync.server import serve

        self._content, self._clients = content, threading.BoundedSemaphore(MOST_CLIENTS)
        self._open: set[Any] = set()
        try:
            family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
            listening = socket.create_server((address.host, address.port), family=family)
        except OSError as error:
            raise BadInput(
                f"cannot serve at {address.host}:{address.port}: {error.strerror or error}; "
                "give another port"
            ) from None
        self.address = Address(address.host, listening.getsockname()[1], address.token)
        self._server = serve(
            self._follow,
            sock=listening,
            process_request=self._answer,
            compression=None,
            logger=_quiet(),
            close_timeout=1,
        )
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="page server", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop; clients are disconnected. A second call does nothing."""
        if self._content.channel:
            self._content.channel.end()
        late = threading.Timer(PATIENCE_S, self._cut_off)  # clients that do not read
        late.daemon = True
        late.start()
        self._server.shutdown()
        late.cancel()
        self._thread.join()
        self._cut_off()

    def _cut_off(self) -> None:
        everybody = {*self._open, *getattr(self._server, "all_connections", ())}
        for connection in everybody:
            with contextlib.suppress(OSError):
                connection.socket.shutdown(socket.SHUT_RDWR)

    def _answer(self, connection: Any, request: Any) -> Any:
        """An answer to a request; None where it may go on as a WebSocket."""
        parts = urlsplit(request.path)
        if why := self._refused(request, parts.query, parts.path):
            return _response(connection, HTTPStatus.FORBIDDEN, f"{why}\n".encode())
        if parts.path == "/poses":
            return None
        if parts.path == "/settings.json":
            import json

            return _response(
                connection,
                HTTPStatus.OK,
                json.dumps(dict(self._content.settings())).encode(),
                {"Content-Type": "application/json"},
            )
        if parts.path in self._content.files:
            file = self._content.files[parts.path]
            return _file(connection, file, request.headers.get("Range"))
        name = parts.path.removeprefix("/") or self._content.index
        if name not in {file.name for file in PAGE.iterdir()}:
            return _response(connection, HTTPStatus.NOT_FOUND, b"not found\n")
        return _file(connection, PAGE / name, None)

    def _refused(self, request: Any, query: str, path: str) -> str | None:
        """Why a request is refused; None where it is not."""
        host = request.headers.get("Host", "")
        if self.address.token is None and not _is_loopback(_host_of(host)):
            return "this server answers its own machine only"
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return "pages of another origin are refused"
        secret = path == "/poses" or path in self._content.files or path == "/settings.json"
        if self.address.token is not None and secret:
            given = parse_qs(query).get("token", [""])[0]
            if not hmac.compare_digest(given.encode(), self.address.token.encode()):
                return "the token is missing or wrong: open the page with ?token=..."
        return None

    def _follow(self, connection: Any) -> None:
        """Send everything of the channel to one client."""
        from websockets.exceptions import ConnectionClosed
        from websockets.protocol import State

        channel = self._content.channel
        if channel is None or not self._clients.acquire(blocking=False):
            connection.close(1013, "try again later")
            return
        self._open.add(connection)
        reader = channel.subscribe()
        try:
            for message in reader:
                if message is not None:
                    connection.send(message)
                elif connection.state is not State.OPEN:
                    break
        except (ConnectionClosed, OSError):
            pass
        finally:
            channel.leave(reader)
            self._open.discard(connection)
            self._clients.release()


def _host_of(netloc: str) -> str:
    return urlsplit(f"//{netloc}").hostname or ""


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _file(connection: Any, path: Path, span: str | None) -> Any:
    kind = "text/javascript" if path.suffix == ".js" else mimetypes.guess_type(path.name)[0]
    headers = {"Content-Type": kind or "application/octet-stream", "Accept-Ranges": "bytes"}
    try:
        size = path.stat().st_size
        first, last = _span(span, size)
        with open(path, "rb") as file:
            file.seek(first)
            body = file.read(last - first + 1)
    except OSError:
        return _response(connection, HTTPStatus.NOT_FOUND, b"not found\n")
    except ValueError:
        return _response(connection, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, b"")
    if span is None:
        return _response(connection, HTTPStatus.OK, body, headers)
    headers["Content-Range"] = f"bytes {first}-{first + len(body) - 1}/{size}"
    return _response(connection, HTTPStatus.PARTIAL_CONTENT, body, headers)


def _span(text: str | None, size: int) -> tuple[int, int]:
    """First and last byte of a Range header, of 8 MB at most; the whole without one."""
    if text is None:
        return 0, size - 1
    unit, _, span = text.partition("=")
    start, dash, end = span.partition("-")
    if unit.strip() != "bytes" or not dash or "," in span:
        raise ValueError(text)
    first = int(start) if start else max(0, size - int(end))
    last = int(end) if start and end else size - 1
    if not 0 <= first <= last or first >= size:
        raise ValueError(text)
    return first, min(last, size - 1, first + (8 << 20) - 1)


def _response(
    connection: Any, status: HTTPStatus, body: bytes, headers: Mapping[str, str] | None = None
) -> Any:
    from websockets.datastructures import Headers
    from websockets.http11 import Response

    fixed = {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(body)),
        "Connection": "close",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Content-Security-Policy": _POLICY,
    }
    return Response(status.value, status.phrase, Headers({**fixed, **(headers or {})}), body)


def _quiet() -> Any:
    import logging

    logger = logging.getLogger("edge3dpose.viewer.connections")
    logger.setLevel(logging.CRITICAL)
    return logger
