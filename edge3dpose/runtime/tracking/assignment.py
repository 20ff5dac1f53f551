"""Which row goes with which column, for the greatest sum: the assignment problem, for few people.

Kuhn and Munkres by shortest augmenting paths. A frame has at most some tens of people: a
millisecond at ten by ten, no dependency. Mostly each row's best column is its own, and there is
nothing to solve.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def assigned(gain: NDArray, least: float) -> list[tuple[int, int]]:
    """(N, M) gains -> pairs (row, column) of the greatest sum of gains, each of ``least`` or more.

    Gains below ``least`` count as none.
    """
    if not gain.size:
        return []
    worth = np.where(gain >= least, gain, 0.0)
    best = worth.argmax(axis=1)
    held = worth[np.arange(len(worth)), best] > 0
    if len(set(best[held].tolist())) == int(held.sum()):
        return [(int(row), int(best[row])) for row in np.flatnonzero(held)]
    turned = worth.shape[0] > worth.shape[1]
    pairs = _cheapest(-(worth.T if turned else worth))
    if turned:
        pairs = [(row, column) for column, row in pairs]
    return sorted((row, column) for row, column in pairs if worth[row, column] > 0)


def _cheapest(cost: NDArray) -> list[tuple[int, int]]:
    """A column for each row, N <= M, for the least sum of costs."""
    rows, columns = cost.shape
    of_row, of_column = np.zeros(rows + 1), np.zeros(columns + 1)  # the dual variables
    row_at = np.zeros(columns + 1, int)  # 1 + row of each column; column 0 is where a path starts
    for row in range(1, rows + 1):
        row_at[0] = row
        column = 0
        shortest = np.full(columns + 1, np.inf)
        before = np.zeros(columns + 1, int)
        done = np.zeros(columns + 1, bool)
        while row_at[column]:
            done[column] = True
            at = row_at[column]
            reduced = cost[at - 1] - of_row[at] - of_column[1:]
            nearer = ~done[1:] & (reduced < shortest[1:])
            shortest[1:][nearer] = reduced[nearer]
            before[1:][nearer] = column
            open_ = np.where(done, np.inf, shortest)
            column = int(open_[1:].argmin()) + 1
            step = open_[column]
            of_row[row_at[done]] += step
            of_column[done] -= step
            shortest[~done] -= step
        while column:
            row_at[column] = row_at[before[column]]
            column = before[column]
    return [
        (int(row_at[column]) - 1, column - 1) for column in range(1, columns + 1) if row_at[column]
    ]
