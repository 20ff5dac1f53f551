"""The page in a real browser: live, after the run, from a file, on a narrow screen, by keys."""

import io
import json
import threading
import time

import browser
import clips
import numpy as np
import pytest
from PIL import Image
from standing import JOINTS_MM, SPEC

from edge3dpose import stopping
from edge3dpose.camera import open_lens
from edge3dpose.errors import BadInput
from edge3dpose.joint_sets import COCO17
from edge3dpose.poses_file import frame_line, header_line, header_of
from edge3dpose.runtime.sinks import SinkContext
from edge3dpose.runtime.sinks.serve import Served
from edge3dpose.types import Box, Frame, Pose3D
from edge3dpose.viewer.recorded import serve_poses
from edge3dpose.viewer.server import address_of

LOOPBACK = address_of("127.0.0.1:0")
STATE = "JSON.stringify(edge3dpose.state())"
WHERE = """JSON.stringify(['left', 'top', 'right', 'bottom'].map(
  side => document.getElementById('space').getBoundingClientRect()[side]))"""


def frame(index):
    image = np.full((240, 320, 3), (40 + index % 100, 90, 30), np.uint8)
    return Frame(image, index, index / 20, open_lens()(320, 240))


def person(track_id=4, shift_px=0.0):
    pixels = JOINTS_MM[:, :2] / 10 + (160 + shift_px, 120)
    root = np.array([shift_px * 10, 0, 3000], np.float32)
    box = Box(47, 7, 272, 232)
    scores = np.full(17, 0.8, np.float32)
    return Pose3D(JOINTS_MM, pixels.astype(np.float32), scores, root, track_id, box)


def served(*, live=True, stay=False):
    context = SinkContext(source="door", live=live, skeleton=SPEC.skeleton, header={"model": "m"})
    return Served(LOOPBACK, context, stay=stay)


def drawn(page, name=None):
    """Pixels of the 3D view that are neither background nor grid."""
    view = Image.open(io.BytesIO(page.picture(name))).convert("RGB")
    part = np.asarray(view.crop(json.loads(page.ask(WHERE))))
    return int((part.max(-1) > 140).sum())


def state(page):
    return json.loads(page.ask(STATE))


def test_a_live_run_is_seen_on_the_page_and_the_page_comes_back(tmp_path):
    sink = served()
    stop = threading.Event()

    def run(sink, start):
        for index in range(start, 100_000):
            if stop.is_set():
                return
            sink(frame(index), [person(), person(5, 60.0)])
            time.sleep(0.02)

    loop = threading.Thread(target=run, args=(sink, 0))
    loop.start()
    try:
        with browser.opened(sink.address.url, tmp_path / "p") as page:
            page.wait("globalThis.edge3dpose && edge3dpose.state().frames > 20")
            page.wait("edge3dpose.state().pictures > 3")
            assert drawn(page, "live.png") > 3000
            text = page.ask("document.body.innerText")
            for word in ("door", "person 4", "person 5", "FPS", "left knee", "connected"):
                assert word in text, text
            # the run is started again at the same address
            stop.set()
            loop.join()
            address = sink.address
            sink.discard()
            page.wait("edge3dpose.state().state.includes('trying again')")
            stop.clear()
            context = SinkContext(source="door", live=True, header={"model": "m"})
            sink = Served(address, context, stay=False)
            loop = threading.Thread(target=run, args=(sink, 0))
            loop.start()
            page.wait("edge3dpose.state().state === 'connected' && edge3dpose.state().frames > 5")
            page.press(" ")
            held = state(page)["shown"]
            time.sleep(0.5)
            assert state(page)["shown"] == held
            assert page.errors == []
    finally:
        stop.set()
        loop.join()
        sink.discard()


def test_a_page_that_is_opened_after_a_file_has_ended_shows_it_all(tmp_path, monkeypatch):
    sink = served(live=False, stay=True)
    for index in range(60):
        sink(frame(index), [person()] if index % 10 else [])
    monkeypatch.setattr(stopping, "asked", lambda: ended.is_set())
    ended = threading.Event()
    closing = threading.Thread(target=sink.close)
    closing.start()
    try:
        with browser.opened(sink.address.url, tmp_path / "p") as page:
            page.wait("globalThis.edge3dpose && edge3dpose.state().over")
            assert state(page)["frames"] == 60
            page.wait("edge3dpose.state().pictures > 5")
            page.press("Home")
            page.wait("edge3dpose.state().shown === 0")
            page.press("ArrowRight")
            page.wait("edge3dpose.state().shown === 1")
            page.press(" ")
            page.wait("edge3dpose.state().shown > 40")
            assert page.errors == []
    finally:
        ended.set()
        closing.join(10)
    assert not closing.is_alive()


@pytest.fixture
def recorded(tmp_path):
    """A poses file and its video."""
    video = tmp_path / "clip.mp4"
    times_s = [index / 20 for index in range(40)]
    clips.write(video, [frame(index).image for index in range(40)], times_s=times_s)
    lines = [header_line(header_of(SPEC.skeleton, model="m"), frame(0))]
    for index in range(40):
        people = [person(track_id=n, shift_px=40.0 * n) for n in range(3)]
        lines.append(frame_line(frame(index), people))
    (tmp_path / "clip.jsonl").write_text("".join(lines))
    return tmp_path / "clip.jsonl", video


def test_a_file_with_a_damaged_line_is_shown_without_it(recorded, tmp_path):
    poses, _ = recorded
    poses.write_bytes(poses.read_bytes()[:-200])  # as a loss of power leaves it
    server = serve_poses(poses, LOOPBACK)
    try:
        with browser.opened(server.address.url, tmp_path / "p", (800, 600)) as page:
            page.wait("globalThis.edge3dpose && edge3dpose.state().frames === 39")
            page.wait("edge3dpose.state().state === '39 frames, 1 damaged line left out'")
            assert page.errors == []
    finally:
        server.close()


def test_poses_that_the_page_cannot_show_are_refused(tmp_path):
    poses = tmp_path / "flat.jsonl"
    poses.write_text(header_line(header_of(SPEC.skeleton, dimensions=2), frame(0)))
    with pytest.raises(
        BadInput, match=r"the page needs 3D poses of h36m17; .*flat.jsonl has h36m17, 2D"
    ):
        serve_poses(poses, LOOPBACK)
    poses.write_text(header_line(header_of(COCO17), frame(0)))
    with pytest.raises(BadInput, match="has coco17"):
        serve_poses(poses, LOOPBACK)


DRAWN = """(() => {
  const one = document.getElementById('picture'), small = document.createElement('canvas');
  small.width = small.height = 8;
  const brush = small.getContext('2d');
  brush.drawImage(one, 0, 0, one.width, one.height, 0, 0, 8, 8);
  return brush.getImageData(0, 0, 8, 8).data.every((value, n) => n % 4 != 3 || value > 0);
})()"""


def test_a_file_plays_beside_its_video_on_a_narrow_screen(recorded, tmp_path):
    poses, video = recorded
    server = serve_poses(poses, LOOPBACK, video)
    try:
        with browser.opened(server.address.url, tmp_path / "p", (390, 844)) as page:
            page.wait("globalThis.edge3dpose && edge3dpose.state().frames === 40")
            page.wait("document.getElementById('video').readyState >= 2")
            page.wait(f"({DRAWN})")  # before it is played
            assert page.ask("document.documentElement.scrollWidth <= innerWidth")
            page.press(" ")
            page.wait("edge3dpose.state().shown > 10")
            page.press(" ")
            now, shown = page.ask(
                "[document.getElementById('video').currentTime, edge3dpose.state().shown]"
            )
            assert abs(shown / 20 - now) < 0.15
            page.press("2")
            assert state(page)["person"] == 1
            # every control is reached by the tab key
            seen = set()
            for _ in range(16):
                page.do("Input.dispatchKeyEvent", type="keyDown", key="Tab", code="Tab",
                        windowsVirtualKeyCode=9)  # fmt: skip
                seen.add(page.ask("document.activeElement.id || document.activeElement.innerText"))
            assert {"play", "time", "angle", "space", "side", "person 1"} <= seen
            picture = Image.open(io.BytesIO(page.picture("narrow.png")))
            assert len(picture.getcolors(1 << 20)) > 50
            assert page.errors == []
    finally:
        server.close()
