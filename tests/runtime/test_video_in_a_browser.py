"""What --save writes is played by a headless Chromium, whole or as a killed run leaves it."""

from __future__ import annotations

import queue
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import unquote

import numpy as np
import pytest

from edge3dpose.runtime.sinks._mp4 import Mp4, Timing
from edge3dpose.types import Frame

BROWSER = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome"))), None)
PAGE = b"""<video muted></video><script>
const video = document.querySelector("video");
const say = (...words) => fetch("/said?" + words.join(","));
video.onerror = () => say("error", video.error.message);
video.onloadeddata = () => { video.currentTime = 2.05; };
video.onseeked = () => {
  const canvas = document.createElement("canvas"), brush = canvas.getContext("2d");
  brush.drawImage(video, 0, 0);
  const [red, green, blue] = brush.getImageData(20, 20, 1, 1).data;
  say("played", video.duration.toFixed(2), video.videoWidth, video.videoHeight, red, green, blue);
};
fetch("/out.mp4").then(r => r.blob()).then(b => { video.src = URL.createObjectURL(b); });
</script>"""


@pytest.fixture
def said(tmp_path):
    """What a page says that plays out.mp4 of tmp_path: a queue of words."""
    words: queue.Queue[list[str]] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/said?"):
                words.put(unquote(self.path).partition("?")[2].split(","))
            video = self.path == "/out.mp4"
            content = (tmp_path / "out.mp4").read_bytes() if video else PAGE
            self.send_response(200)
            self.send_header("Content-Type", "video/mp4" if video else "text/html")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *words: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run")
    profile = f"--user-data-dir={tmp_path / 'profile'}"

    def play() -> list[str]:
        address = f"http://127.0.0.1:{server.server_port}/"
        command = (BROWSER, *options, profile, "--remote-debugging-port=0", address)
        quiet = subprocess.DEVNULL
        browser = subprocess.Popen(command, stdout=quiet, stderr=quiet)
        try:
            return words.get(timeout=60)
        except queue.Empty:
            pytest.skip("Chromium does not start here")
        finally:
            browser.kill()
            browser.wait()

    yield play
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.skipif(BROWSER is None, reason="Chromium is not installed")
@pytest.mark.parametrize("left", ["whole", "killed"])
def test_a_browser_plays_it(tmp_path, said, left):
    sink = Mp4(tmp_path / "out.mp4", Timing(10.0))
    for index in range(35):
        image = np.full((240, 321, 3), (10, 60, 200) if index == 20 else (30, 30, 30), np.uint8)
        sink(Frame(image, index, index / 10), [])
    if left == "whole":
        sink.close()
        shown = said()
    else:  # the part as it is now
        shutil.copy(tmp_path / "out.part.mp4", tmp_path / "out.mp4")
        shown = said()
        sink.discard()
    assert shown[0] == "played", shown
    assert float(shown[1]) == pytest.approx(3.5, abs=0.02 if left == "whole" else 1.1)
    assert shown[3] == "240"
    assert np.abs(np.array([int(n) for n in shown[4:]]) - (200, 60, 10)).max() < 12  # of frame 20
