"""Pictures of a chessboard -> the camera that took them, by OpenCV's calibration."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge3dpose import intrinsics, outputs, storage
from edge3dpose.errors import BadInput, EndedEarly
from edge3dpose.lens.board import Board, Views, corners
from edge3dpose.runtime.sources import Source
from edge3dpose.types import Camera

_log = logging.getLogger(__name__)

LEAST_VIEWS = 6
GOOD_VIEWS = 15
GOOD_COVERAGE = 0.6
GOOD_ERROR_PX = 1.0  # mean, at 1000 px across
INTERVAL_S = 0.2  # between frames of a film that are searched
STARTS_DEG = (180.0, 230.0, 140.0, 100.0, 70.0)  # across the longer side, in this order
LENSES_DEG = (10.0, 175.0)  # field of view across the longer side of a camera that is believed


@dataclass(frozen=True, slots=True)
class Measured:
    """A camera, and how well it is known.

    error_px   root mean square of the reprojection error
    per_view   the same of each view that was used
    left_out   views that did not fit the others
    coverage   share of the frame in which corners were
    """

    camera: Camera
    size: tuple[int, int]
    error_px: float
    per_view: tuple[float, ...]
    left_out: int
    coverage: float
    board: Board

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why it may be wrong, a line each; empty where nothing speaks against it."""
        found = []
        if len(self.per_view) < GOOD_VIEWS:
            found.append(f"only {len(self.per_view)} views; {GOOD_VIEWS} or more are better")
        if self.coverage < GOOD_COVERAGE:
            found.append(
                f"corners in {self.coverage:.0%} of the picture; show the board in its corners too"
            )
        if self.error_px > GOOD_ERROR_PX * max(self.size) / 1000:
            found.append(
                f"an error of {self.error_px:.2f} px; is the board flat, the focus fixed"
                f"{'' if self.camera.fisheye else ', the lens no fisheye (--fisheye)'}?"
            )
        return tuple(found)

    def save(self, path: Path, *, overwrite: bool = False) -> None:
        """Write the intrinsics file, whole or not at all; BadInput where one is there."""
        outputs.check_free(path, overwrite=overwrite)
        facts = {
            "error_px": round(self.error_px, 4),
            "views": len(self.per_view),
            "coverage": round(self.coverage, 3),
            "board": [self.board.across, self.board.down, self.board.square_mm],
        }
        storage.save_json(path, intrinsics.content_of(self.camera, self.size, **facts))


def collect(
    source: Source,
    board: Board,
    most: int = 40,
    on_view: Callable[[int, Views], None] | None = None,
) -> Views:
    """The views of a board in a source, until there are enough or it ends, or Ctrl-C.

    on_view  called after every frame that was searched, with the frames so far and the views
    """
    views, last_s = Views(most), -INTERVAL_S
    try:
        for frame in source:
            if source.related and frame.time_s - last_s < INTERVAL_S:
                continue
            last_s = frame.time_s
            views.searched += 1
            found = corners(frame.image, board)
            if found is not None:
                views.add(found, (frame.image.shape[1], frame.image.shape[0]))
            if on_view:
                on_view(views.searched, views)
            if views.full:
                break
    except EndedEarly as error:  # the frames before it were good
        _log.warning("%s", error)
    except KeyboardInterrupt:  # what there is, is enough
        pass
    return views


def measure(views: Views, board: Board, *, fisheye: bool = False) -> Measured:
    """The camera that saw the views; BadInput where they are too few, or do not fit together."""
    if len(views.places) < LEAST_VIEWS or views.size is None:
        raise BadInput(_too_few(views, board))
    fit = _fisheye if fisheye else _pinhole
    used = list(views.places)
    matrix, lens, errors = fit(used, board, views.size)
    limit = max(3 * float(np.median(errors)), 1.0)
    good = [one for one, error in zip(used, errors, strict=True) if error <= limit]
    if LEAST_VIEWS <= len(good) < len(used):
        used = good
        matrix, lens, errors = fit(used, board, views.size)
    camera = Camera(
        (float(matrix[0, 0]), float(matrix[1, 1])),
        (float(matrix[0, 2]), float(matrix[1, 2])),  # corners were counted as here, not as OpenCV
        tuple(float(k) for k in lens),
        fisheye=fisheye,
    )
    _refuse_nonsense(camera, views.size)
    error = float(np.sqrt(np.mean(np.square(errors))))
    left_out = len(views.places) - len(used)
    return Measured(
        camera, views.size, error, tuple(map(float, errors)), left_out, views.coverage, board
    )


def _too_few(views: Views, board: Board) -> str:
    corners_named = f"a board of {board.across}x{board.down} inner corners"
    looked = f"{views.searched} pictures were searched"
    if not views.with_board:
        return (
            f"{corners_named} was in none of the pictures ({looked}); is --board the number of its "
            "inner corners, one less than its squares each way, and all of the board in view?"
        )
    return (
        f"{corners_named} was found in {len(views.places)} different views, wanted {LEAST_VIEWS} "
        f"({looked}, it was in {views.with_board}); move and tilt it between them"
    )


Fit = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]  # matrix, distortion, error of each view


def _pinhole(places: list[Any], board: Board, size: tuple[int, int]) -> Fit:
    points = [board.points_mm] * len(places)
    flags = 0 if len(places) >= GOOD_VIEWS else cv2.CALIB_FIX_K3  # few views bend it at the edge
    try:
        _, matrix, lens, turns, moves = cv2.calibrateCamera(
            points, places, size, np.eye(3), np.zeros(5), flags=flags
        )
    except cv2.error as error:
        _log.debug("no pinhole camera: %s", error)
        raise _no_fit() from None
    again = [
        cv2.projectPoints(board.points_mm, turn, move, matrix, lens)[0][:, 0]
        for turn, move in zip(turns, moves, strict=True)
    ]
    return matrix, np.ravel(lens)[:5], _errors(again, places)


def _fisheye(places: list[Any], board: Board, size: tuple[int, int]) -> Fit:
    """OpenCV goes wrong, or not at all, where it starts far from the lens: the best of several."""
    fits = []
    for start_deg in STARTS_DEG:
        focal = max(size) / np.radians(start_deg)
        start = np.array([[focal, 0, size[0] / 2], [0, focal, size[1] / 2], [0, 0, 1]])
        try:
            fits.append(_fisheye_from(start, places, board, size))
        except cv2.error as error:
            _log.debug("no fisheye from %g degrees: %s", start_deg, error)
            continue
        if np.median(fits[-1][2]) <= GOOD_ERROR_PX * max(size) / 1000:
            break
    if not fits:
        raise _no_fit()
    return min(fits, key=lambda fit: float(np.mean(np.square(fit[2]))))


def _fisheye_from(start: Any, places: list[Any], board: Board, size: tuple[int, int]) -> Fit:
    points = [board.points_mm[None].astype(np.float64)] * len(places)
    seen = [one[None].astype(np.float64) for one in places]
    names = ("CALIB_RECOMPUTE_EXTRINSIC", "CALIB_FIX_SKEW", "CALIB_USE_INTRINSIC_GUESS")
    flags = sum(_fisheye_flag(name) for name in names)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 200, 1e-8)
    _, matrix, lens, turns, moves = cv2.fisheye.calibrate(
        points, seen, size, start, np.zeros(4), flags=flags, criteria=stop
    )
    again = [
        cv2.fisheye.projectPoints(points[0], turn, move, matrix, lens)[0][0]
        for turn, move in zip(turns, moves, strict=True)
    ]
    return matrix, np.ravel(lens)[:4], _errors(again, places)


def _fisheye_flag(name: str) -> int:
    """OpenCV 4 has the fisheye's flags, with numbers of their own, in cv2.fisheye."""
    return int(getattr(cv2.fisheye, name, None) or getattr(cv2, name))


def _errors(again: list[NDArray], places: list[Any]) -> NDArray[np.float64]:
    """Root mean square of each view, pixels."""
    pairs = zip(again, places, strict=True)
    return np.array([np.sqrt(np.square(one - seen).sum(1).mean()) for one, seen in pairs])


def _no_fit() -> BadInput:
    return BadInput("no camera fits these views; take others, the board tilted more")


def _refuse_nonsense(camera: Camera, size: tuple[int, int]) -> None:
    numbers = np.array([*camera.focal_px, *camera.centre_px, *camera.distortion])
    width, height = size
    focal = (
        max(size) / 2 / np.tan(np.radians(np.array(LENSES_DEG)) / 2)
    )  # the longest, the shortest
    sane = np.isfinite(numbers).all() and focal[1] <= min(camera.focal_px)
    sane = sane and max(camera.focal_px) <= focal[0]
    centred = abs(camera.centre_px[0] / width - 0.5) < 0.5
    if not (sane and centred and abs(camera.centre_px[1] / height - 0.5) < 0.5):
        raise BadInput(
            f"the views give a focal length of {camera.focal_px[0]:.4g} px and a centre of "
            f"({camera.centre_px[0]:.4g}, {camera.centre_px[1]:.4g}) px, which is no camera; tilt "
            "the board more, and show it in every corner"
        )
