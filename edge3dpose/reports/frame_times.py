"""A chart of a speed report: how many frames took how long, end to end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from edge3dpose.reports.plots import COLOURS, new_figure
from edge3dpose.reports.rows import MOST_MS, FrameTiming, PeerRow, SpeedRow

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 8  # lines of the chart
MOST_BARS = 80


def frame_time_chart(rows: Sequence[SpeedRow], peers: Sequence[PeerRow]) -> Figure | None:
    """A histogram a line: some engines, crowds, peers; None where no frames were counted."""
    theirs = list(_of_peers(peers))[:MOST]
    lines = [*islice(_of_engines(rows), MOST - len(theirs)), *theirs]
    if not lines:
        return None
    figure = new_figure(9, 0.7 + 0.75 * len(lines))
    last = min(max(int(np.flatnonzero(time.by_ms)[-1]) + 1 for _, time in lines), MOST_MS)
    width = -(-last // MOST_BARS)  # ms of a bar
    every = figure.subplots(len(lines), sharex=True, squeeze=False)[:, 0]
    for axes, (name, time) in zip(every, lines, strict=True):
        counts = time.by_ms[:MOST_MS]
        edges = np.arange(0, len(counts), width)
        shares = np.add.reduceat(counts, edges) / sum(time.by_ms)
        axes.bar(edges, shares, width, align="edge", color=COLOURS[0])
        for ms, style in ((time.p50_ms, "-"), (time.p99_ms, "--")):
            if ms <= last:
                axes.axvline(ms, color=COLOURS[6], ls=style, lw=1.2)
        axes.set_yticks([])
        axes.set_xlim(0, last * 1.02)
        axes.set_title(
            f"{name}: p50 {time.p50_ms:.1f}, p99 {time.p99_ms:.1f} ms{_longer(time)}",
            fontsize=9,
            loc="left",
            pad=2,
        )
    every[-1].set_xlabel("ms a frame, end to end")
    return figure


def _longer(time: FrameTiming) -> str:
    """The frames that have no bar, in words."""
    over = sum(time.by_ms[MOST_MS:]) / sum(time.by_ms)
    return f"; {over:.1%} took {MOST_MS} ms or longer" if over else ""


def _of_engines(rows: Sequence[SpeedRow]) -> Iterator[tuple[str, FrameTiming]]:
    for row in rows:
        if row.end_to_end and row.end_to_end.frame and row.end_to_end.frame.by_ms:
            yield row.name, row.end_to_end.frame
        for crowd in row.crowds:
            if crowd.frame and crowd.frame.by_ms:
                yield f"{row.name}, {_people(crowd.people)}", crowd.frame


def _of_peers(peers: Sequence[PeerRow]) -> Iterator[tuple[str, FrameTiming]]:
    for peer in peers:
        if peer.end_to_end.frame and peer.end_to_end.frame.by_ms:
            yield peer.name, peer.end_to_end.frame


def _people(number: int) -> str:
    return "1 person" if number == 1 else f"{number} people"
