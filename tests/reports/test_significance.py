"""Comparisons of rounds whose truth is known."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest

from edge3dpose.reports.significance import (
    CONFIDENCE,
    EXACT_PAIRS,
    _mann_whitney,
    _outside,
    time_change,
)


def rounds(seed, times, noise, middle_ms=10.0):
    return middle_ms * np.exp(np.random.default_rng(seed).normal(0, noise, times))


def outcomes(noise, factor, times, trials=200):
    return Counter(
        time_change(rounds(n, times, noise), rounds(n + 10**6, times, noise) * factor).outcome
        for n in range(trials)
    )


@pytest.mark.parametrize("times", [5, 8, 20])
@pytest.mark.parametrize("noise", [0.01, 0.05, 0.2])
def test_the_same_measured_twice_is_no_difference(times, noise):
    found = outcomes(noise, 1.0, times)
    assert found["no difference"] >= 196, found


@pytest.mark.parametrize("times", [5, 8, 20])
def test_a_fifth_more_is_slower_and_a_fifth_less_is_faster(times):
    assert outcomes(0.02, 1.2, times) == {"slower": 200}
    assert outcomes(0.02, 1 / 1.2, times) == {"faster": 200}


def test_more_rounds_see_through_more_noise():
    seen = [outcomes(0.15, 1.2, times)["slower"] for times in (5, 10, 40)]
    assert seen == sorted(seen)
    assert seen[-1] >= 180


def test_what_nobody_would_notice_is_no_difference_however_sure():
    change = time_change(rounds(1, 30, 0.001), rounds(2, 30, 0.001) * 1.02)
    assert change.outcome == "no difference"
    assert change.low > 1  # there is one, a small one


def test_one_round_that_the_system_disturbed_changes_nothing():
    old, new = rounds(1, 8, 0.01), rounds(2, 8, 0.01)
    new[3] *= 50
    assert time_change(old, new).outcome == "no difference"
    assert time_change(old, new).ratio == pytest.approx(1.0, abs=0.02)


def test_too_few_rounds_give_a_ratio_and_no_outcome():
    change = time_change([10.0] * 3, [20.0] * 5)
    assert change.outcome == "too few rounds"
    assert change.text == "too few rounds (2.00x)"
    assert time_change([10.0] * 5, [20.0] * 5).outcome == "slower"


def test_the_interval_holds_the_truth_as_often_as_it_says():
    held = 0
    for n in range(1000):
        change = time_change(rounds(n, 7, 0.1), rounds(n + 10**6, 9, 0.1) * 1.3)
        held += change.low <= 1.3 <= change.high
    assert held / 1000 >= CONFIDENCE - 0.007  # two standard deviations of a thousand trials


def test_orders_are_counted_as_if_by_hand():
    for m, n in itertools.product(range(1, 5), repeat=2):
        counted = Counter(
            sum(new < old for new in set(range(m + n)) - set(chosen) for old in chosen)
            for chosen in itertools.combinations(range(m + n), m)
        )
        assert _mann_whitney(m, n) == [counted[at] for at in range(m * n + 1)]


def test_where_ranks_are_approximated_they_join_on_to_the_counted_ones():
    side = math.isqrt(EXACT_PAIRS)
    assert _outside(side + 1, side + 1) == pytest.approx(_outside(side, side), rel=0.06)
