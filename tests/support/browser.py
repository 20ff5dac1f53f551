"""A headless Chromium that a test steers through its DevTools; skipped where there is none."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)
OPTIONS = (
    *("--headless", "--no-sandbox", "--no-first-run", "--use-angle=swiftshader"),
    *("--enable-unsafe-swiftshader", "--remote-debugging-port=0", "--hide-scrollbars"),
)


class Page:
    """One open page."""

    def __init__(self, socket: Any) -> None:
        self._socket, self._number = socket, 0
        self.errors: list[str] = []

    def do(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the DevTools protocol."""
        self._number += 1
        number = self._number
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv(timeout=30))
            if answer.get("method") == "Runtime.exceptionThrown":
                details = answer["params"]["exceptionDetails"]
                self.errors.append(details.get("exception", details).get("description", ""))
            if answer.get("id") == number:
                return answer.get("result", {})

    def open(self, url: str, width: int, height: int) -> None:
        """Go to a page."""
        for domain in ("Runtime", "Page"):
            self.do(f"{domain}.enable")
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.do("Emulation.setDeviceMetricsOverride", **size)
        self.do("Page.navigate", url=url)

    def ask(self, script: str) -> Any:
        """The value of an expression in the page."""
        answer = self.do(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        return answer.get("result", {}).get("value")

    def wait(self, script: str, seconds: float = 30.0) -> Any:
        """The value of an expression as soon as it is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if value := self.ask(script):
                return value
            time.sleep(0.1)
        raise AssertionError(f"{script} did not become true; errors: {self.errors}")

    def press(self, key: str) -> None:
        """A key goes down and up."""
        text = {"text": key} if len(key) == 1 else {}
        self.do("Input.dispatchKeyEvent", type="keyDown", key=key, **text)
        self.do("Input.dispatchKeyEvent", type="keyUp", key=key)

    def picture(self, file: Path | None = None) -> bytes:
        """The page as PNG, written where $EDGE3DPOSE_PICTURES names a folder."""
        data = base64.b64decode(self.do("Page.captureScreenshot", format="png")["data"])
        folder = os.environ.get("EDGE3DPOSE_PICTURES")
        if folder and file:
            (Path(folder) / file).write_bytes(data)
        return data


@contextlib.contextmanager
def opened(url: str, profile: Path, size: tuple[int, int] = (1280, 800)) -> Iterator[Page]:
    """A page of a browser of its own."""
    if BROWSER is None:
        pytest.skip("Chromium is not installed")
    from websockets.sync.client import connect

    quiet = subprocess.DEVNULL
    command = (BROWSER, *OPTIONS, f"--user-data-dir={profile}", "about:blank")
    browser = subprocess.Popen(command, stdout=quiet, stderr=quiet)
    try:
        port_file = profile / "DevToolsActivePort"
        end = time.monotonic() + 60
        while not (port_file.is_file() and port_file.read_text().strip()):
            if browser.poll() is not None or time.monotonic() > end:
                pytest.skip("Chromium does not start here")
            time.sleep(0.1)
        port = port_file.read_text().split()[0]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json") as answer:
            tabs = [tab for tab in json.load(answer) if tab["type"] == "page"]
        with connect(tabs[0]["webSocketDebuggerUrl"], max_size=None) as socket:
            page = Page(socket)
            page.open(url, *size)
            yield page
    finally:
        browser.kill()
        browser.wait()
