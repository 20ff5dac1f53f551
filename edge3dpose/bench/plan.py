"""How much is measured: rounds over all engines in random order, until there is enough of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TypeVar

from edge3dpose import checks

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured. A round measures every engine once, in random order."""

    rounds: int = 5  # at least
    calls: int = 30  # of an engine alone, a round
    warm_up: int = 10  # calls or frames before those that count
    frames: int | None = None  # end to end, a round; None for the whole source
    at_least: int = 0  # calls of each engine alone, and frames of each end to end
    at_least_s: float = 0.0  # seconds of all engines alone, and again end to end
    at_most_s: float | None = None  # no round begins after that; the first one always does

    def __post_init__(self) -> None:
        """BadInput for numbers that cannot be: some of them would never come to an end."""
        checks.count("rounds", self.rounds)
        checks.count("calls", self.calls)
        checks.count("warm_up", self.warm_up, least=0)
        checks.count("at_least", self.at_least, least=0)
        if self.frames is not None:
            checks.count("frames", self.frames)
        checks.number("at_least_s", self.at_least_s, 0)
        if self.at_most_s is not None:
            checks.number("at_most_s", self.at_most_s, 0)

    def share_done(self, rounds: float, elapsed_s: float, count: int) -> float:
        """How much of the plan is done, 0 to 1, after so many rounds, seconds, calls or frames."""
        if self.at_most_s is not None and elapsed_s >= self.at_most_s:
            return 1.0
        shares = [rounds / self.rounds]
        shares += [elapsed_s / self.at_least_s] if self.at_least_s else []
        shares += [count / self.at_least] if self.at_least else []
        share = min(shares)
        if self.at_most_s is not None:
            share = max(share, elapsed_s / self.at_most_s)
        return min(share, 1.0)

    def text(self, *, people: int, size: str, fps: float | None = None) -> str:
        """How it is measured, in words; ``fps`` where the frames of a clip were stamped anew."""
        until = f"{self.rounds} rounds"
        if self.at_least or self.at_least_s:
            until = (
                f"rounds for {self.at_least_s:g} s alone and as long end to end, and until each "
                f"engine has had {self.at_least} calls and frames,"
            )
        elif self.at_most_s is not None:
            until = f"up to {self.rounds} rounds in about {self.at_most_s:g} s"
        frames = "the source" if self.frames is None else f"{self.frames} frames of the source"
        return (
            f"{until} over all engines in random order; alone: {self.calls} calls a round on "
            f"{people} people of the source, after {self.warm_up} that do not count; end to end: "
            f"{frames} of {size} px a round, after {self.warm_up} frames that do not count"
        ) + (f"; its frames stamped {fps:g} a second" if fps else "")


# Two reports can be compared with confidence from five rounds on (reports.significance)
QUICK = Plan(rounds=5, calls=10, warm_up=3, frames=20, at_most_s=40.0)
# MLPerf's single stream: 600 s and 1,024 queries (mlcommons/inference, mlperf.conf)
OFFICIAL = Plan(rounds=5, calls=64, at_least=1024, at_least_s=600.0)


def in_turn(
    items: Sequence[Item],
    plan: Plan,
    count: Callable[[], int],
    progress: Callable[[float], None] | None = None,
) -> Iterator[Item]:
    """Every item once a round, each round in another order, until the plan is fulfilled.

    So other work of the machine slows all of them alike.
    count     calls or frames so far of the item that has had the fewest
    progress  called with the share that is done after each item
    """
    order, start_s, rounds = random.Random(0), perf_counter(), 0
    while not rounds or plan.share_done(rounds, perf_counter() - start_s, count()) < 1.0:
        for n, item in enumerate(order.sample(list(items), len(items)), 1):
            yield item
            if progress is not None:
                done = rounds + n / len(items)
                progress(plan.share_done(done, perf_counter() - start_s, count()))
        rounds += 1
