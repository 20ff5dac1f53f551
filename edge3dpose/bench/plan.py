"""How much is measured: rounds over everything in turn, until there is enough of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured. A round visits every engine once, in an order of its own."""

    rounds: int = 5  # at least
    calls: int = 30  # of an engine alone, a round
    warm_up: int = 10  # calls or frames before those that count
    frames: int | None = None  # end to end, a round; None for the whole source
    at_least: int = 0  # calls alone of each engine, and frames end to end
    at_least_s: float = 0.0  # for alone, and again for end to end
    at_most_s: float | None = None  # after that no other round begins, but one is always made

    def visits(self, items: int) -> int | None:
        """How many there will be of so many items; None where only the clock knows."""
        timed = self.at_least or self.at_least_s or self.at_most_s is not None
        return None if timed else self.rounds * items

    def text(self, *, people: int, size: str, fps: float | None = None) -> str:
        """How it is measured, in words; ``fps`` where a clip's frames were stamped anew."""
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
            f"{until} over all engines in shuffled turn; alone: {self.calls} calls a round on "
            f"{people} people of the source, after {self.warm_up} that do not count; end to end: "
            f"{frames} of {size} px a round, after {self.warm_up} frames that do not count"
        ) + (f"; its frames stamped {fps:g} a second" if fps else "")


# Five rounds are the fewest that a comparison can be sure of (bench.compare)
QUICK = Plan(rounds=5, calls=10, warm_up=3, frames=20, at_most_s=40.0)
# MLPerf's single stream: 600 s and 1,024 queries (mlcommons/inference, mlperf.conf)
OFFICIAL = Plan(rounds=5, calls=64, at_least=1024, at_least_s=600.0)


def in_turn(items: Sequence[Item], plan: Plan, fewest: Callable[[], int]) -> Iterator[list[Item]]:
    """All items again and again, each time in another order, until the plan is fulfilled.

    What else the machine does then falls on all of them alike.
    fewest  calls or frames so far of the item that has had the fewest
    """
    order, start_s, done = random.Random(0), perf_counter(), 0
    while not _enough(plan, done, perf_counter() - start_s, fewest):
        yield order.sample(list(items), len(items))
        done += 1


def _enough(plan: Plan, done: int, elapsed_s: float, fewest: Callable[[], int]) -> bool:
    if done and plan.at_most_s is not None and elapsed_s >= plan.at_most_s:
        return True
    return done >= plan.rounds and elapsed_s >= plan.at_least_s and fewest() >= plan.at_least
