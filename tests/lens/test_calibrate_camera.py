"""Chessboards are rendered through known lenses, and calibrate-camera finds the lenses again."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from edge3dpose.camera import open_lens, project, rays
from edge3dpose.cli import cli
from edge3dpose.errors import BadInput, EndedEarly
from edge3dpose.intrinsics import read_intrinsics
from edge3dpose.lens.board import Views, board_of, corners
from edge3dpose.lens.measure import collect, measure
from edge3dpose.runtime.sources import Source
from edge3dpose.types import Camera, Frame

SIZE = (640, 480)
SQUARE_MM = 25.0
ACROSS, DOWN = 9, 6
LENSES = {
    "plain": Camera((520.0, 522.0), (322.0, 236.5), (0.05, -0.1, 0.0, 0.0, 0.0)),
    "wide": Camera((380.0, 381.0), (318.0, 243.0), (-0.25, 0.06, 0.0008, -0.0004, 0.0)),
    "fisheye": Camera((230.0, 230.5), (321.0, 239.0), (0.02, -0.008, 0.0, 0.0), fisheye=True),
}


def poses(count, spread):
    """Turns (3, 3) and moves (3,) in mm of a board: in all parts of the picture, and tilted."""
    rng = np.random.default_rng(4)
    middle = np.array([(ACROSS - 1) / 2, (DOWN - 1) / 2, 0]) * SQUARE_MM
    for n in range(count):
        turn = cv2.Rodrigues(rng.uniform(-0.55, 0.55, 3) * (1, 1, 0.4))[0]
        ahead = rng.uniform(260, 420)
        x, y = ((n % 5) - 2) / 2, (n // 5 - 2) / 2
        at = np.array([x * spread * 0.26, y * spread * 0.18, 1.0]) * ahead
        yield turn, at - turn @ middle


def rendered(camera, turn, move):
    """A picture of the board, each pixel the mean of four rays."""
    width, height = SIZE
    x, y = np.meshgrid(np.arange(2 * width) / 2 + 0.25, np.arange(2 * height) / 2 + 0.25)
    key = (camera, SIZE)
    if key not in _seen:
        _seen[key] = rays(np.stack([x, y], -1), camera)
    # on the board's plane: turn.T @ (s * ray - move) has z 0
    directions, start = _seen[key] @ turn, -move @ turn
    along = -start[2] / np.where(np.abs(directions[..., 2]) < 1e-9, 1e-9, directions[..., 2])
    u, v = ((start[i] + along * directions[..., i]) / SQUARE_MM for i in (0, 1))
    board = (along > 0) & (u > -1.6) & (u < ACROSS + 0.6) & (v > -1.6) & (v < DOWN + 0.6)
    squares = (u > -1) & (u < ACROSS) & (v > -1) & (v < DOWN)
    dark = (np.floor(u) + np.floor(v)) % 2 == 0
    grey = np.where(board, np.where(squares & dark, 30, 225), 120).astype(np.float32)
    small = grey.reshape(height, 2, width, 2).mean((1, 3)).round().astype(np.uint8)
    return np.repeat(small[..., None], 3, axis=2)


_seen: dict = {}


@pytest.fixture(scope="module", params=LENSES)
def pictures(request, tmp_path_factory):
    """A lens and a folder of pictures of a board that it took."""
    folder = tmp_path_factory.mktemp(request.param)
    camera = LENSES[request.param]
    for n, pose in enumerate(poses(25, {"plain": 1.0, "wide": 1.4, "fisheye": 2.6}[request.param])):
        cv2.imwrite(str(folder / f"{n}.png"), rendered(camera, *pose))
    return camera, folder


def test_a_fisheye_is_found_where_opencvs_own_start_fails():
    """Large boards that turn: OpenCV 5 starts with a length at which it finds none of them."""
    camera = Camera((420.0, 421.0), (645.5, 355.5), (0.02, -0.01, 0.002, 0.0), fisheye=True)
    board = board_of("9x6", SQUARE_MM)
    rng, views = np.random.default_rng(1), Views(40)
    while len(views.places) < 20:
        turn = cv2.Rodrigues(rng.uniform(-0.6, 0.6, 3) * (1, 1, 0.5))[0]
        ahead = rng.uniform(120, 260)
        x, y = rng.uniform(-0.3, 0.3) * 1280 / 420, rng.uniform(-0.25, 0.25) * 720 / 420
        move = np.array([x, y, 1]) * ahead - turn @ (100, 62.5, 0)
        places = project(board.points_mm.astype(float) @ turn.T + move, camera)
        places = (places + rng.normal(0, 0.1, places.shape)).astype(np.float32)
        if ((places > 2) & (places < (1278, 718))).all():
            views.add(places, (1280, 720))
    found = measure(views, board, fisheye=True).camera
    assert found.focal_px == pytest.approx(camera.focal_px, rel=0.004)
    assert found.centre_px == pytest.approx(camera.centre_px, abs=1.5)


def run(*words):
    fixed = ("calibrate-camera", "--board", f"{ACROSS}x{DOWN}", "--square-mm", SQUARE_MM)
    return CliRunner().invoke(cli, [str(word) for word in (*fixed, *words)])


def test_the_lens_is_found_again(pictures, tmp_path):
    camera, folder = pictures
    out = tmp_path / "camera.json"
    more = ["--fisheye"] if camera.fisheye else []
    done = run("--source", folder, "--out", out, *more)
    assert done.exit_code == 0, done.output
    assert "reprojection error 0." in done.output
    assert "####" in done.output  # what was covered
    assert f"wrote {out}" in done.output
    found, size = read_intrinsics(out)
    assert size == SIZE
    assert found.fisheye is camera.fisheye
    assert found.focal_px == pytest.approx(camera.focal_px, rel=0.004)
    assert found.centre_px == pytest.approx(camera.centre_px, abs=1.5)
    # within a pixel wherever the board was: a shift of the centre is a turn of the camera
    grid = np.stack(np.meshgrid(np.linspace(120, 520, 9), np.linspace(90, 390, 7)), -1)
    apart = project(rays(grid, camera), found) - grid
    assert np.linalg.norm(apart - apart.mean((0, 1)), axis=-1).max() < 1.0
    content = json.loads(out.read_text())
    assert content["views"] >= 15
    assert content["error_px"] < 0.3
    assert open_lens(intrinsics=out)(320, 240).focal_px[0] == pytest.approx(
        camera.focal_px[0] / 2, rel=0.004
    )
    again = run("--source", folder, "--out", out, *more)
    assert again.exit_code == 1
    assert "is there already" in again.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["camera.json"]


def test_corners_are_found_to_a_quarter_of_a_pixel_in_large_pictures_too():
    camera, board = LENSES["plain"], board_of("9x6", SQUARE_MM)
    turn, move = list(poses(8, 1.0))[7]
    image = rendered(camera, turn, move)
    for by in (1, 3):
        large = cv2.resize(image, None, fx=by, fy=by, interpolation=cv2.INTER_CUBIC)
        found = corners(large, board) / by
        true = project(board.points_mm.astype(float) @ turn.T + move, camera)
        either = [np.abs(found - way).max() for way in (true, true[::-1])]
        assert min(either) < 0.25
    assert corners(np.full((480, 640, 3), 90, np.uint8), board) is None


class Film(Source):
    def __init__(self, images, fps):
        self.images, self.fps = images, fps

    def __iter__(self):
        for n, image in enumerate(self.images):
            yield Frame(image, n, n / self.fps)


def test_a_film_is_searched_five_times_a_second_and_views_that_tell_nothing_new_are_left_out():
    camera, board = LENSES["plain"], board_of("9x6", SQUARE_MM)
    one, other = (rendered(camera, *pose) for pose in list(poses(9, 1.0))[7:9])
    searched = []
    images = [one] * 30 + [other] * 30
    views = collect(Film(images, 30.0), board, on_view=lambda n, views: searched.append(n))
    assert len(searched) == 10
    assert len(views.places) == 2
    with pytest.raises(BadInput, match=r"in 2 different views, wanted 6 \(10 pictures"):
        measure(views, board)


def test_a_film_that_is_interrupted_gives_what_there_is():
    board = board_of("9x6", SQUARE_MM)
    image = rendered(LENSES["plain"], *next(iter(poses(1, 0.0))))

    def interrupted():
        yield image
        raise KeyboardInterrupt

    assert len(collect(Film(interrupted(), 1.0), board).places) == 1


def test_a_source_that_breaks_off_gives_what_there_was(caplog):
    class BreaksOff(Source):
        related = False

        def __iter__(self):
            yield Frame(np.zeros((240, 320, 3), np.uint8), 0, 0.0, name="a.png")
            raise EndedEarly("b.png cannot be read")

    assert len(collect(BreaksOff(), board_of("9x6", 20.0)).places) == 0
    assert "b.png cannot be read" in caplog.text


def test_two_sizes_are_refused():
    views = Views(10)
    places = np.random.default_rng(0).uniform(0, 400, (54, 2)).astype(np.float32)
    assert views.add(places, SIZE)
    with pytest.raises(BadInput, match="one camera in one mode"):
        views.add(places, (320, 240))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--board", "9by6"], "wanted its inner corners"),
        (["--board", "2x6"], "wanted its inner corners"),
        (["--square-mm", "0"], "wanted the side of a square"),
        (["--source", "no/such/folder"], "no file or folder"),
        (["--source", "sample"], "was in none of the pictures"),
    ],
)
def test_what_cannot_be_is_one_line(tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    first = [] if "--source" in words else ["--source", "sample"]
    done = run(*first, *words)
    assert done.exit_code == 1
    assert said in done.output
    assert len(done.output.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_the_camera_is_asked_for_the_mode_in_which_it_will_be_used(tmp_path, monkeypatch):
    asked = []

    def opened(source, options):
        asked.append((source, options.resolution, options.camera_fps, options.pixel_format))
        raise BadInput("no camera here")

    monkeypatch.setattr("edge3dpose.runtime.sources.open_source", opened)
    monkeypatch.chdir(tmp_path)
    mode = ("--resolution", "1280x720", "--fps", "30", "--pixel-format", "mjpg")
    for words in (("--camera", "2"), ("--source", "2")):
        assert run(*words, *mode).exit_code == 1
    assert asked == [(2, (1280, 720), 30.0, "mjpg")] * 2
    assert run().exit_code == 2
    assert run("--camera", "0", "--source", "clip.mp4").exit_code == 2


def test_what_is_read_is_never_written_over(tmp_path):
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(tmp_path / name), np.full((48, 64, 3), 90, np.uint8))
    for source in (tmp_path, tmp_path / "a.png"):
        done = run("--source", source, "--out", tmp_path / "a.png", "--overwrite")
        assert done.exit_code == 1
        assert "of the source" in done.output or "is the source itself" in done.output
    assert cv2.imread(str(tmp_path / "a.png")) is not None
