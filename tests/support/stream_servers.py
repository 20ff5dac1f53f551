"""Network cameras on the loopback that can be dropped, stalled, turned and taken away."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import cv2
import numpy as np

PERIOD_S = 0.02


def grey(number: int) -> np.ndarray:
    """A small picture that is like no other near it."""
    return np.full((48, 64, 3), 40 + 7 * number % 150, np.uint8)


class Mjpeg:
    """Motion JPEG over HTTP, as cheap network cameras send it."""

    def __init__(self, picture: Callable[[int], np.ndarray] = grey) -> None:
        self.picture = picture
        self.stalled = False
        self.sent = 0
        self.period_s = PERIOD_S
        self.port = _free_port()
        self._open: list[socket.socket] = []
        self._server: socketserver.ThreadingTCPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/camera.mjpg"

    def __enter__(self) -> Mjpeg:
        self.up()
        return self

    def __exit__(self, *error: object) -> None:
        self.down()

    def up(self) -> None:
        """Take connections."""
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner._serve(self)

            def log_message(self, *args: object) -> None:
                pass

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            block_on_close = False

            def handle_error(self, *args: object) -> None:  # a client that goes is none
                pass

        self._server = Server(("127.0.0.1", self.port), Handler)
        serve = self._server.serve_forever
        threading.Thread(target=serve, args=(0.02,), daemon=True).start()

    def down(self) -> None:
        """Take none, and drop those that are open."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        self.drop()

    def drop(self) -> None:
        """Close the connections; new ones are taken."""
        while self._open:
            connection = self._open.pop()
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            with suppress(OSError):
                connection.close()

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        self._open.append(handler.connection)
        with suppress(OSError, ValueError):
            handler.send_response(200)
            kind = "multipart/x-mixed-replace; boundary=frame"
            handler.send_header("Content-Type", kind)
            handler.end_headers()
            while True:
                if not self.stalled:
                    self._send(handler)
                time.sleep(self.period_s)

    def _send(self, handler: BaseHTTPRequestHandler) -> None:
        jpeg = cv2.imencode(".jpg", self.picture(self.sent))[1].tobytes()
        head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
        handler.wfile.write(head.encode() + jpeg + b"\r\n")
        self.sent += 1


RTSP = """
import sys, gi
gi.require_version("Gst", "1.0"); gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer
Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1"); server.set_service(sys.argv[1])
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(sys.argv[2]); factory.set_shared(True)
server.get_mount_points().add_factory("/camera", factory)
if len(sys.argv) > 3:
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "user")
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic("user", sys.argv[3]), token)
    server.set_auth(auth)
    factory.add_role_from_structure(Gst.Structure.from_string(
        "user, media.factory.access=true, media.factory.construct=true")[0])
if not server.attach(None):
    sys.exit(1)
print("up", flush=True)
GLib.MainLoop().run()
"""
MOVING = (
    "( videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=25/1 "
    "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25 ! rtph264pay name=pay0 )"
)


def rtsp_python() -> str:
    """A Python that has GStreamer's RTSP server; empty where there is none."""
    wanted = (
        "import gi; gi.require_version('GstRtspServer', '1.0'); "
        "from gi.repository import Gst, GstRtspServer; Gst.init(None); "
        "assert Gst.ElementFactory.find('x264enc')"
    )
    for python in ("/usr/bin/python3", shutil.which("python3")):
        if python and Path(python).exists():
            done = subprocess.run((python, "-c", wanted), capture_output=True, check=False)
            if done.returncode == 0:
                return python
    return ""


class Rtsp:
    """GStreamer's RTSP server, in a process of its own."""

    def __init__(self, launch: str = MOVING, password: str = "") -> None:
        self.launch, self._password = launch, password
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        user = f"user:{self._password}@" if self._password else ""
        return f"rtsp://{user}127.0.0.1:{self.port}/camera"

    def __enter__(self) -> Rtsp:
        self.up()
        return self

    def __exit__(self, *error: object) -> None:
        self.down()

    def up(self) -> None:
        """Take connections."""
        words = (str(self.port), self.launch, *([self._password] if self._password else []))
        clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        self._process = subprocess.Popen(
            (rtsp_python(), "-c", RTSP, *words), stdout=subprocess.PIPE, env=clean
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"up\n"

    def stall(self) -> None:
        """Send nothing more, and close nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def down(self) -> None:
        """Go, with every connection."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
