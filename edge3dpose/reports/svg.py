"""Axes, lines, dots, bars and words -> an inline SVG, coloured by the page's own style sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

Points = Sequence[tuple[float, float]]

_LEFT, _TOP, _RIGHT, _BOTTOM = 56, 12, 16, 44  # px around the axes


class Plot:
    """A pair of linear axes; everything is given in their units.

    x, y  (from, to) of the axes
    left  px for the labels of the vertical axis
    """

    def __init__(
        self,
        x: tuple[float, float],
        y: tuple[float, float],
        *,
        width: int = 1000,
        height: int = 360,
        left: int = _LEFT,
    ) -> None:
        self._x, self._y, self._left = x, y, left
        self._width, self._height = width, height
        self._parts: list[str] = []

    def x_axis(self, label: str) -> None:
        """Ticks, grid lines and what is told along the bottom."""
        bottom = self._height - _BOTTOM
        for value in ticks(*self._x):
            at = self._to_x(value)
            self._parts.append(f'<path class="grid" d="M{at:.1f} {_TOP}V{bottom}"/>')
            self.word_px(at, bottom + 16, _number(value), anchor="middle")
        middle = (self._left + self._width - _RIGHT) / 2
        self.word_px(middle, self._height - 8, label, anchor="middle")

    def y_axis(self, label: str) -> None:
        """The same up the side."""
        right = self._width - _RIGHT
        for value in ticks(*self._y):
            at = self._to_y(value)
            self._parts.append(f'<path class="grid" d="M{self._left} {at:.1f}H{right}"/>')
            self.word_px(self._left - 6, at + 4, _number(value), anchor="end")
        middle = (_TOP + self._height - _BOTTOM) / 2
        turned = f'transform="rotate(-90 14 {middle})"'
        self.word_px(14, middle, label, anchor="middle", more=turned)

    def line(self, points: Points, style: str) -> None:
        """Through the points, in their order."""
        path = "L".join(f"{self._to_x(x):.1f} {self._to_y(y):.1f}" for x, y in points)
        self._parts.append(f'<path class="line {style}" d="M{path}"/>')

    def dot(self, x: float, y: float, style: str, title: str, *, radius: float = 4) -> None:
        """A point that tells what it is when it is pointed at."""
        self._parts.append(
            f'<circle class="dot {style}" cx="{self._to_x(x):.1f}" cy="{self._to_y(y):.1f}" '
            f'r="{radius}"><title>{escape(title)}</title></circle>'
        )

    def bar(
        self, x: tuple[float, float], y: float, thick_px: float, style: str, title: str
    ) -> None:
        """A horizontal bar about y."""
        left, right = self._to_x(x[0]), self._to_x(x[1])
        self._parts.append(
            f'<rect class="bar {style}" x="{left:.1f}" y="{self._to_y(y) - thick_px / 2:.1f}" '
            f'width="{max(right - left, 0.5):.1f}" height="{thick_px}">'
            f"<title>{escape(title)}</title></rect>"
        )

    def word(self, x: float, y: float, text: str, *, anchor: str = "start", up: float = 0) -> None:
        """Words beside a point, ``up`` px above it."""
        self.word_px(self._to_x(x), self._to_y(y) - up, text, anchor=anchor)

    def word_left(self, y: float, text: str) -> None:
        """Words beside the vertical axis, in place of its numbers."""
        self.word_px(self._left - 8, self._to_y(y) + 4, text, anchor="end")

    def word_px(self, x: float, y: float, text: str, *, anchor: str, more: str = "") -> None:
        """Words at a place in px."""
        self._parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {more}>{escape(text)}</text>'
        )

    def text(self) -> str:
        """The SVG."""
        size = f'viewBox="0 0 {self._width} {self._height}" style="max-width:{self._width}px"'
        return f'<svg {size} role="img">{"".join(self._parts)}</svg>'

    def _to_x(self, value: float) -> float:
        share = (value - self._x[0]) / ((self._x[1] - self._x[0]) or 1)
        return self._left + share * (self._width - _RIGHT - self._left)

    def _to_y(self, value: float) -> float:
        share = (value - self._y[0]) / ((self._y[1] - self._y[0]) or 1)
        return self._height - _BOTTOM - share * (self._height - _BOTTOM - _TOP)


def ticks(low: float, high: float, about: int = 6) -> list[float]:
    """Round numbers from low to high, some six of them."""
    if not high > low:
        return [low]
    rough = (high - low) / about
    power = 10 ** math.floor(math.log10(rough))
    step = next(n * power for n in (1, 2, 5, 10) if n * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [n * step for n in range(first, math.floor(high / step + 1e-9) + 1)]


def _number(value: float) -> str:
    return f"{value:.6g}"
