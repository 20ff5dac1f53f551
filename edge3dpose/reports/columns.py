"""The figures that tables show: one list of titles, units and formats, and tables made of it.

Every table of the terminal, the Markdown documents and the HTML page is a Table. A figure that is
added here is written alike in all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from markupsafe import Markup
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

Row = TypeVar("Row")

NOT_MEASURED = "not measured"
_MARKUP = re.compile(r"[\[\]\\]")  # of links and pictures in Markdown


@dataclass(frozen=True, slots=True)
class Figure:
    """A column of figures."""

    key: str  # of the report's JSON, where it is in one
    title: str
    unit: str = ""
    form: str = ".1f"  # as in format()
    better: Literal["lower", "higher", ""] = ""

    @property
    def heading(self) -> str:
        """Title and unit."""
        return f"{self.title} {self.unit}".strip()

    def text(self, value: Any) -> str:
        """A value as the tables show it; words as they are, nothing for None."""
        if value is None or isinstance(value, str):
            return value or ""
        return format(value, self.form)


_ALL = (
    # errors
    Figure("mpjpe_mm", "MPJPE", "mm", better="lower"),
    Figure("mpjpe16_mm", "MPJPE without the root", "mm", better="lower"),
    Figure("pa_mpjpe_mm", "PA-MPJPE", "mm", better="lower"),
    Figure("pck150", "PCK@150", form=".3f", better="higher"),
    Figure("auc", "AUC", form=".3f", better="higher"),
    Figure("mpjpe_all_joints_mm", "MPJPE of all joints", "mm", better="lower"),
    Figure("mpjpe_own_depth_mm", "MPJPE with estimated root depth", "mm", better="lower"),
    Figure("root_depth_error_mm", "median root depth error", "mm", ".0f", "lower"),
    Figure("root_depth_error", "median root depth error", form=".1%", better="lower"),
    Figure("pa_mpjpe_first_second_mm", "PA-MPJPE of the first second", "mm", better="lower"),
    Figure("one_rotation_mm", "one rotation", "mm", better="lower"),
    Figure("velocity_error_mm_s", "velocity error", "mm/s", ".0f", "lower"),
    Figure("acceleration_m_s2", "accel.", "m/s²"),
    Figure("bone_wobble", "bone wobble", form=".1%", better="lower"),
    Figure("within_1_std", "within 1 std (68 %)", form=".1%"),
    Figure("within_2_std", "within 2 std (95 %)", form=".1%"),
    Figure("knee_flexion_error_deg", "knee", "deg", better="lower"),
    Figure("hip_flexion_error_deg", "hip", "deg", better="lower"),
    Figure("elbow_flexion_error_deg", "elbow", "deg", better="lower"),
    Figure("shoulder_elevation_error_deg", "shoulder", "deg", better="lower"),
    Figure("missed", "missed", form=".1%", better="lower"),
    Figure("pck50", "2D PCK@0.5", form=".3f", better="higher"),
    Figure("pck20", "2D PCK@0.2", form=".3f", better="higher"),
    Figure("oks", "2D OKS", form=".3f", better="higher"),
    Figure("median_torsos", "median 2D distance", "torsos", ".3f", "lower"),
    Figure("error_mm", "error", "mm", better="lower"),
    Figure("deviation_mm", "deviation from FP32", "mm", better="lower"),
    Figure("mm_p50", "deviation from FP32 p50", "mm", ".2f", "lower"),
    Figure("mm_p99", "deviation from FP32 p99", "mm", ".2f", "lower"),
    Figure("mm_max", "deviation from FP32 max", "mm", ".2f", "lower"),
    Figure("own_mpjpe_mm", "our MPJPE on the same people", "mm", ".1f", "lower"),
    # speed
    Figure("engine_p50_ms", "engine p50", "ms", ".2f", "lower"),
    Figure("engine_p90_ms", "engine p90", "ms", ".2f", "lower"),
    Figure("engine_p95_ms", "engine p95", "ms", ".2f", "lower"),
    Figure("engine_p99_ms", "engine p99", "ms", ".2f", "lower"),
    Figure("calls", "calls", form="d"),
    Figure("fps", "end to end FPS", better="higher"),
    Figure("frame_p50_ms", "frame p50", "ms", better="lower"),
    Figure("frame_p90_ms", "frame p90", "ms", better="lower"),
    Figure("frame_p95_ms", "frame p95", "ms", better="lower"),
    Figure("frame_p99_ms", "frame p99", "ms", better="lower"),
    Figure("frames_processed", "frames", form="d"),
    Figure("frames_with_people", "frames with people", form="d"),
    Figure("frames_dropped", "frames dropped", form="d"),
    Figure("in_time", "calls in time", form=".1%", better="higher"),
    # memory and size
    Figure("peak_mb", "peak memory", "MB", ".0f", "lower"),
    Figure("open_s", "time to open", "s", ".2f", "lower"),
    Figure("first_pose_s", "first pose after opening", "s", ".2f", "lower"),
    Figure("cpu_ms_per_frame", "CPU time a frame", "ms", better="lower"),
    Figure("engine_mb", "engine file", "MB", better="lower"),
    Figure("build_s", "build time", "s", better="lower"),
)
CUT = Figure("cut", "cut", form="d")
FIGURES = {figure.key: figure for figure in _ALL}

# A column of a table: a key of FIGURES, a Figure of its own or the title of a column of words; and
# what a row gives for it
Column = tuple[str | Figure, Callable[[Row], Any]]


@dataclass(frozen=True, slots=True)
class Table:
    """Words and figures in rows, ready to be shown."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: frozenset[int]  # columns that hold words, aligned left
    best: frozenset[tuple[int, int]] = frozenset()  # (row, column) of the best of their column

    @property
    def markdown(self) -> Markup:
        """The rows as Markdown, without the title; their texts are escaped."""
        marks = ("---" if n in self.words else "--:" for n in range(len(self.headings)))
        lines = [_line(self.headings), f"|{'|'.join(marks)}|", *map(_line, self.rows)]
        return Markup("\n".join(lines))

    def print_to(self, console: Console) -> None:
        """Print title and rows; nothing where there are no rows."""
        if not self.rows:
            return
        shown = RichTable()
        for n, heading in enumerate(self.headings):
            shown.add_column(
                Text(heading), justify="left" if n in self.words else "right", no_wrap=not n
            )
        for n, row in enumerate(self.rows):
            cells = (Text(c, "bold" if (n, at) in self.best else "") for at, c in enumerate(row))
            shown.add_row(*cells)
        if self.title:
            console.print(Text(self.title, "italic"))  # RichTable would wrap it at its own width
        console.print(shown)


def wide_console() -> Console:
    """Standard output; 160 characters wide where it is not a terminal."""
    width = None if Console().is_terminal else 160
    return Console(width=width, markup=False, emoji=False)  # texts of reports are no markup


def make_table(
    title: str, rows: Iterable[Row], columns: Sequence[Column], *, mark_best: bool = True
) -> Table:
    """A table of these columns; one for which no row has a value is left out.

    mark_best  whether the rows compete, so that the best of a column is set in bold
    """
    listed = list(rows)
    headings: list[str] = []
    texts: list[list[str]] = []
    words: set[int] = set()
    best: set[tuple[int, int]] = set()
    for name, value_of in columns:
        values = [value_of(row) for row in listed]
        if all(value is None for value in values):
            continue
        figure = name if isinstance(name, Figure) else FIGURES.get(name)
        at = len(headings)
        headings.append(figure.heading if figure else str(name))
        texts.append([figure.text(v) if figure else str("" if v is None else v) for v in values])
        words |= set() if figure else {at}
        best |= {(row, at) for row in _best(figure, values)} if mark_best else set()
    cells = tuple(zip(*texts, strict=True))
    return Table(title, tuple(headings), cells, frozenset(words), frozenset(best))


def _best(figure: Figure | None, values: Sequence[Any]) -> set[int]:
    """The rows that have the best value, where there is something to choose."""
    known = [value for value in values if isinstance(value, int | float)]
    if figure is None or not figure.better or len(set(known)) < 2:
        return set()
    best = max(known) if figure.better == "higher" else min(known)
    return {n for n, value in enumerate(values) if value == best}


def markdown_text(text: str) -> str:
    """A text in Markdown that says the same: no HTML, no link, no picture."""
    return _MARKUP.sub(r"\\\g<0>", text.replace("<", "&lt;"))


def _line(cells: Sequence[str]) -> str:
    plain = (" ".join(markdown_text(cell).replace("|", "/").split()) for cell in cells)
    return f"| {' | '.join(plain)} |"
