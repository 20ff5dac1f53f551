"""A chessboard in a picture: its inner corners, and which pictures of it tell something new."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge3dpose.errors import BadInput
from edge3dpose.types import Array, Image

SEARCH_PX = 960  # of the longer side: larger pictures are searched at this size first
CELLS = (8, 6)  # of the frame, in which coverage is counted
NEW_SHARE = 0.04  # of the frame's diagonal: corners that moved less tell nothing new


@dataclass(frozen=True, slots=True)
class Board:
    """A chessboard: inner corners across and down, side of a square."""

    across: int
    down: int
    square_mm: float

    @property
    def points_mm(self) -> Array:
        """(across * down, 3) corners on the board, z 0, row by row."""
        grid = np.zeros((self.across * self.down, 3), np.float32)
        grid[:, :2] = np.mgrid[: self.across, : self.down].T.reshape(-1, 2) * self.square_mm
        return grid


def board_of(text: str, square_mm: float) -> Board:
    """ "9x6" -> a board of 9 by 6 inner corners; BadInput for anything else."""
    found = re.fullmatch(r"(\d{1,2})[xX](\d{1,2})", text.strip())
    if found is None or min(int(n) for n in found.groups()) < 3:
        raise BadInput(
            f"--board {text}: wanted its inner corners, such as 9x6 for a board of 10 by 7 squares"
        )
    if not 0 < square_mm <= 10_000:
        raise BadInput(f"--square-mm {square_mm:g}: wanted the side of a square in millimetres")
    return Board(int(found.group(1)), int(found.group(2)), float(square_mm))


def corners(image: Image, board: Board) -> Array | None:
    """(across * down, 2) inner corners, pixels; None where not all of them are seen."""
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
    size = (board.across, board.down)
    by = min(1.0, SEARCH_PX / max(grey.shape))
    small = (
        grey if by == 1.0 else cv2.resize(grey, None, fx=by, fy=by, interpolation=cv2.INTER_AREA)
    )
    flags = cv2.CALIB_CB_NORMALIZE_IMAGE | cv2.CALIB_CB_ACCURACY
    there, found = cv2.findChessboardCornersSB(small, size, flags=flags)
    if there and by < 1:  # known to be there: once more where they are sharpest
        sharp, full = cv2.findChessboardCornersSB(grey, size, flags=flags)
        found, by = (full, 1.0) if sharp else (found, by)
    return (np.asarray(found, np.float32).reshape(-1, 2) + 0.5) / np.float32(by) if there else None


class Views:
    """The pictures of a board that are kept: each differs from all before it."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.size: tuple[int, int] | None = None  # width, height
        self.places: list[Array] = []
        self.searched = 0  # pictures that were looked at
        self.with_board = 0  # of them, those in which the board was found
        self._cells: NDArray[np.bool_] = np.zeros((CELLS[1], CELLS[0]), bool)

    @property
    def full(self) -> bool:
        """Whether there are as many as wanted."""
        return len(self.places) >= self.most

    @property
    def coverage(self) -> float:
        """Share of the cells of the frame in which corners were."""
        return float(self._cells.mean())

    def add(self, places: Array, size: tuple[int, int]) -> bool:
        """Keep a view that tells something new; gives whether it does."""
        if self.size is None:
            self.size = size
        if size != self.size:
            raise BadInput(
                f"a picture of {size[0]}x{size[1]} after {self.size[0]}x{self.size[1]}: one camera "
                "in one mode, please"
            )
        self.with_board += 1
        least = NEW_SHARE * float(np.hypot(*size))
        if any(_apart(places, other) < least for other in self.places):
            return False
        self.places.append(places)
        across = (places[:, 0] / size[0] * CELLS[0]).astype(int).clip(0, CELLS[0] - 1)
        down = (places[:, 1] / size[1] * CELLS[1]).astype(int).clip(0, CELLS[1] - 1)
        self._cells[down, across] = True
        return True

    def map(self) -> list[str]:
        """The frame's cells as lines of text: # where corners were."""
        return ["".join("#" if cell else "." for cell in row) for row in self._cells]


def _apart(places: Array, others: Any) -> float:
    """Mean distance of corners, whichever end of the board was found first."""
    ways = (others, others[::-1])
    return min(float(np.linalg.norm(places - way, axis=1).mean()) for way in ways)
