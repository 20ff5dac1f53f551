"""All cameras on one page: read as a client, shown in a browser, lost and back."""

import contextlib
import json
import threading
import time

import browser
import numpy as np
import pytest
from standing import JOINTS_MM, SPEC
from test_viewer_server import follow, get, wait_for
from websockets.exceptions import InvalidStatus

from edge3dpose.camera import open_lens
from edge3dpose.cli import cli
from edge3dpose.errors import BadInput
from edge3dpose.runtime.sinks import SinkContext
from edge3dpose.runtime.sinks.serve import Served
from edge3dpose.runtime.sources import SourceEvent
from edge3dpose.types import Box, Frame, Pose3D
from edge3dpose.viewer import cameras as cameras_module
from edge3dpose.viewer.cameras import camera_of, serve_cameras
from edge3dpose.viewer.server import Address, address_of

LOOPBACK = address_of("127.0.0.1:0")
TOKEN = "a long secret"
PAGE = "JSON.stringify(globalThis.edge3dpose ? edge3dpose.cameras() : [])"


class Running:
    """A run --serve, without a source and an engine: twenty frames a second."""

    def __init__(self, address=LOOPBACK, people=1, colour=40):
        context = SinkContext(source="x", live=True, skeleton=SPEC.skeleton, header={"model": "m"})
        self.sink = Served(address, context, stay=False)
        self.address, self.people, self.colour = self.sink.address, people, colour
        self.stop, self.held = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        index = 0
        while not self.stop.is_set():
            if not self.held.is_set():
                image = np.full((240, 320, 3), (self.colour, 90, 30), np.uint8)
                people = [self.person(n) for n in range(self.people)]
                self.sink(Frame(image, index, index / 20, open_lens()(320, 240)), people)
                index += 1
            time.sleep(0.05)

    @staticmethod
    def person(n):
        pixels = (JOINTS_MM[:, :2] / 10 + (160 + 40 * n, 120)).astype(np.float32)
        root, scores = np.array([0, 0, 3000], np.float32), np.full(17, 0.8, np.float32)
        return Pose3D(JOINTS_MM, pixels, scores, root, n, Box(47, 7, 272, 232))

    def close(self):
        self.stop.set()
        self.thread.join()
        self.sink.discard()


@pytest.fixture
def running():
    with contextlib.ExitStack() as stack:

        def start(*args, **options):
            one = Running(*args, **options)
            stack.callback(one.close)
            return one

        yield start


@pytest.fixture
def page_of():
    with contextlib.ExitStack() as stack:

        def serve(*urls, address=LOOPBACK):
            page = serve_cameras([camera_of(url) for url in urls], address)
            stack.callback(page.close)
            return page

        yield serve


def shown(page, number, state):
    """Wait until a camera on the page is in this state; what is said of it."""

    def found():
        all_of_them = json.loads(page.ask(PAGE))
        return all_of_them and all_of_them[number]["is"] == state and all_of_them[number]

    wait_for(found, 20)
    return found()


def test_two_cameras_on_a_page_one_is_lost_and_comes_back(running, page_of, tmp_path, monkeypatch):
    monkeypatch.setattr(cameras_module, "BACK_S", 60.0)
    secret = Address("127.0.0.1", 0, TOKEN)
    door, hall = running(secret, people=2), running(colour=140)
    page_at = page_of(f"door={door.address.url}", hall.address.url)
    with browser.opened(page_at.address.url, tmp_path / "p") as page:
        for number, people in ((0, "2 people"), (1, "1 person")):
            one = shown(page, number, "live")
            page.wait(f"edge3dpose.cameras()[{number}].pictures > 3")
            page.wait(f"edge3dpose.cameras()[{number}].people === '{people}'")
            page.wait(f"edge3dpose.cameras()[{number}].rate.endsWith(' FPS')")
        assert one["name"] == f"127.0.0.1:{hall.address.port}"
        text = page.ask("document.body.innerText")
        assert "door" in text
        assert TOKEN not in page.ask("document.documentElement.outerHTML")
        rate = float(json.loads(page.ask(PAGE))[0]["rate"].split()[0])
        assert rate == pytest.approx(20, abs=0.5)

        hall.sink.event(SourceEvent("source_lost", 1.0, "", {"reason": "stalled"}))
        hall.held.set()
        page.wait("edge3dpose.cameras()[1].state === 'lost: its source: stalled'")
        hall.held.clear()
        shown(page, 1, "back")

        address = door.address
        door.close()
        lost = shown(page, 0, "lost")
        assert "lost: " in lost["state"]
        assert lost["rate"] == ""
        running(address, people=3)
        shown(page, 0, "back")
        page.wait("edge3dpose.cameras()[0].people === '3 people'")
        assert page.picture("cameras.png")
        assert page.errors == []


def test_a_camera_without_frames_is_lost(running, page_of, monkeypatch):
    monkeypatch.setattr(cameras_module, "SILENT_S", 0.5)
    door = running()
    page = page_of(door.address.url)
    with follow(page) as client:
        said_by(client, "live")
        door.held.set()
        assert said_by(client, "lost")["why"] == "no frame comes"


def said_by(client, state):
    """Read messages until a camera is in this state; what is said of it."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        message = client.recv(timeout=20)
        if isinstance(message, str) and (content := json.loads(message)).get("state") == state:
            return content
    raise AssertionError(f"never {state}")


def test_a_page_that_is_opened_later_has_the_last_frame(running, page_of):
    door = running()
    page = page_of(door.address.url)
    with follow(page) as first:
        read_until(first, {"people", "picture"})
        door.held.set()
        time.sleep(0.3)
        with follow(page) as second:
            read_until(second, {"state", "people", "picture"})


def read_until(client, wanted):
    """Read messages until each of these kinds has come."""
    got, end = set(), time.monotonic() + 20
    while not wanted <= got:
        assert time.monotonic() < end, got
        message = client.recv(timeout=5)
        got |= {"picture"} if isinstance(message, bytes) else set(json.loads(message))


def test_cameras_are_read_while_somebody_looks(running, page_of, monkeypatch):
    monkeypatch.setattr(cameras_module, "_UNSEEN_S", 0.3)
    door = running()
    page = page_of(door.address.url)
    channel = door.sink._channel
    time.sleep(0.5)
    assert channel.readers == 0
    with follow(page) as client:
        said_by(client, "live")
        assert channel.readers == 1
    wait_for(lambda: channel.readers == 0)


def test_the_page_is_as_safe_as_that_of_a_camera(running, page_of):
    door = running(Address("127.0.0.1", 0, TOKEN))
    page = page_of(f"door={door.address.url}", address=Address("127.0.0.1", 0, "another secret"))
    status, _, headers = get(page, "/")
    assert status == 200
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert not [name for name in headers if name.lower().startswith("access-control")]
    assert get(page, "/settings.json")[0] == 403
    status, settings, _ = get(page, "/settings.json?token=another+secret")
    assert status == 200
    assert json.loads(settings)["names"] == ["door"]
    assert TOKEN.encode() not in settings
    for query, options in (("", {}), ("?token=another+secret", {"origin": "http://evil.test"})):
        with pytest.raises(InvalidStatus), follow(page, query, **options):
            pass


@pytest.mark.parametrize(
    ("kind", "why"),
    [("token", "its token is missing or wrong"), ("nobody", "it does not answer")],
)
def test_a_camera_that_cannot_be_read_says_why(running, page_of, kind, why):
    door = running(Address("127.0.0.1", 0, TOKEN))
    port = door.address.port
    if kind == "nobody":
        door.close()
    page = page_of(f"door=127.0.0.1:{port}")
    with follow(page) as client:
        assert said_by(client, "lost")["why"] == why


@pytest.mark.parametrize(
    "message",
    [b"", b"\x00", "[]", "not json", "[" * 99, '{"people": [1], "frame": 0, "time_s": 0}',
     '{"people": [{"pixels": [["<b>", 0]]}], "frame": 0, "time_s": 0}',
     '{"schema": 1, "camera": {"size": ["a", 1]}}'],
)  # fmt: skip
def test_a_server_of_nonsense_reaches_no_page(page_of, monkeypatch, message):
    from websockets.sync.server import serve

    monkeypatch.setattr(cameras_module, "SILENT_S", 0.5)

    def answer(connection):
        with contextlib.suppress(Exception):
            connection.send(message)
            connection.recv()

    with serve(answer, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = page_of(f"127.0.0.1:{server.socket.getsockname()[1]}")
        with follow(page) as client:
            assert client.recv(timeout=10) == "{}"
            while content := json.loads(client.recv(timeout=10)):
                assert set(content) == {"of", "state", "why", "fps"}
                if content["state"] == "lost":
                    break
        server.shutdown()


def test_addresses():
    assert camera_of("door=http://host:8080/?token=x y").url == "ws://host:8080/poses?token=x+y"
    assert camera_of("https://host/cam/").url == "wss://host/cam/poses"
    assert camera_of("[::1]:8080").name == "[::1]:8080"
    assert camera_of("http://host:8080/?token=a=b").name == "host:8080"
    for text in ("", "ftp://host", "http://", "http://host:port", "http://host:99999"):
        with pytest.raises(BadInput, match="is no address of a page"):
            camera_of(text)
    with pytest.raises(BadInput, match="two cameras have one name"):
        serve_cameras([camera_of("a=h:1"), camera_of("a=h:2")], LOOPBACK)


def test_a_secret_is_in_no_error():
    with pytest.raises(BadInput) as error:
        camera_of("door=ftp://host/?token=verysecret")
    assert "verysecret" not in str(error.value)


@pytest.mark.parametrize("words", [[], ["a.jsonl", "--of", "h:1"], ["--of", "h:1", "--video", "v"]])
def test_the_command_takes_a_file_or_cameras(words):
    from click.testing import CliRunner

    assert CliRunner().invoke(cli, ["view", *words]).exit_code == 2
