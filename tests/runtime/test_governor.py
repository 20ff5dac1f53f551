"""The deadline is held under load, the depth comes back, and the choice does not flap."""

import numpy as np
import pytest

from edge3dpose.engine_types import Engine
from edge3dpose.runtime import governor
from edge3dpose.runtime.governor import GovernedEngine, Governor

QUIET_MS = {1: 4.0, 3: 5.0, 6: 6.0, 8: 6.5, 11: 8.0}


def drive(govern, load, *, seconds, start_s=0.0, every_s=1 / 60, seed=0):
    """Calls at 60 a second under ``load(t)``; gives times, cuts and ms."""
    rng = np.random.default_rng(seed)
    rows = []
    for time_s in np.arange(start_s, start_s + seconds, every_s):
        took_ms = QUIET_MS[govern.cut] * load(time_s) * rng.uniform(0.95, 1.1)
        rows.append((time_s, govern.cut, took_ms))
        govern.observe(time_s, took_ms)
    return np.array(rows)


def test_on_a_quiet_machine_the_deepest_cut_in_time_runs():
    assert Governor(QUIET_MS, 10.0).cut == 11
    assert Governor(QUIET_MS, 6.1).cut == 6
    assert Governor(QUIET_MS, 1.0).cut == 1  # none is in time: the quickest
    steady = Governor(QUIET_MS, 10.0)
    drive(steady, lambda t: 1.0, seconds=20)
    assert (steady.cut, steady.changes) == (11, 0)


def test_under_load_the_deadline_is_held_and_afterwards_the_depth_comes_back():
    govern = Governor(QUIET_MS, 10.0)
    rows = drive(govern, lambda t: 1.6 if 5 <= t < 15 else 1.0, seconds=30)
    times, cuts, took_ms = rows.T
    loaded = (times > 5.5) & (times < 15)
    assert (took_ms[loaded] <= 10.0).mean() > 0.97
    assert took_ms[(times >= 5) & (times < 5.3)].max() > 10  # it was in danger indeed
    assert 1 < cuts[loaded].mean() < 8
    back = times[(times > 15) & (cuts == 11)]
    assert 15 + governor.HOLD_S <= back[0] < 15 + governor.WINDOW_S + 2 * governor.HOLD_S
    assert govern.changes <= 5


@pytest.mark.parametrize("load", [1.0, 1.2, 1.3, 1.5, 2.0, 4.0])
def test_at_no_steady_load_does_it_flap(load):
    govern = Governor(QUIET_MS, 10.0)
    drive(govern, lambda t: load, seconds=60)
    settled = govern.changes
    drive(govern, lambda t: load, seconds=60, start_s=60, seed=1)
    assert govern.changes == settled <= 2


def test_slow_first_calls_change_nothing():
    govern = Governor(QUIET_MS, 10.0)
    for n in range(60):
        govern.observe(n / 60, 35.0 if n < governor.COLD else 8.0)
    assert (govern.cut, govern.changes) == (11, 0)


def test_single_slow_calls_change_nothing():
    govern = Governor(QUIET_MS, 10.0)
    for n in range(600):
        govern.observe(n / 60, 40.0 if n % 60 == 30 else 8.0)
    assert (govern.cut, govern.changes) == (11, 0)


class Sleepy(Engine):
    """Takes a known time and says who it is."""

    def __init__(self, cut):
        self.cut, self.closed = cut, False

    def __call__(self, images):
        return np.full((len(images), 17, 4), self.cut, np.float32)

    def close(self):
        self.closed = True


def test_every_call_is_answered_by_the_chosen_cut_and_all_are_closed():
    engines = {cut: Sleepy(cut) for cut in QUIET_MS}
    govern = Governor(QUIET_MS, 10.0)
    engine = GovernedEngine(engines, govern)
    images = np.zeros((2, 3, 8, 8), np.float32)
    assert engine(images)[0, 0, 0] == engine.last_cut == 11
    for n in range(30):
        govern.observe(1000.0 + n / 60, 30.0)
    assert govern.cut == 1
    assert engine(images)[1, 0, 0] == engine.last_cut == 1
    assert set(engine.calls_by_cut) == {1, 11}
    engine.close()
    assert all(one.closed for one in engines.values())


def test_who_starts_under_load_climbs_when_it_has_gone():
    """The quiet times too were taken under that load."""
    taken_ms = {cut: 2.5 * ms for cut, ms in QUIET_MS.items()}
    govern = Governor(taken_ms, 10.0, start=1)
    rows = drive(govern, lambda t: 2.5 if t < 10 else 1.0, seconds=30)
    times, cuts, _ = rows.T
    assert set(cuts[times < 10]) == {1}
    assert cuts[-1] == 11
    assert times[cuts == 11][0] < 10 + governor.WINDOW_S + 2 * governor.HOLD_S
    assert govern.changes <= 4


def test_quiet_times_that_a_burst_made_uneven_cost_no_more_than_the_last_rung():
    """Long calls are interrupted more often than short ones; the rungs between make up for it."""
    taken_ms = {1: 5.0, 3: 8.0, 6: 11.0, 8: 13.0, 11: 18.0}
    govern = Governor(taken_ms, 10.0, start=1)
    drive(govern, lambda t: 1.0, seconds=40)
    assert govern.cut >= 8


def test_a_climb_that_does_not_pay_is_tried_ever_more_rarely():
    govern = Governor({1: 4.0, 11: 7.0}, 10.0)  # 11 really takes 12 ms here
    rng = np.random.default_rng(0)
    climbs = []
    for n in range(60 * 180):
        before = govern.cut
        took_ms = {1: 4.0, 11: 12.0}[before] * rng.uniform(0.95, 1.1)
        govern.observe(n / 60, took_ms)
        if govern.cut > before:
            climbs.append(n / 60)
    waits = np.diff(climbs)
    assert len(climbs) <= 7
    assert all(waits[1:] > 1.5 * waits[:-1]) or waits[-1] >= governor.HOLD_MOST_S
    assert waits[-1] > 30


def test_the_first_calls_after_a_change_are_cold_and_do_not_count():
    govern = Governor(QUIET_MS, 10.0)
    changed_at = -10
    for n in range(1200):
        load = 2.0 if n < 120 else 1.0
        cold = n - changed_at <= governor.COLD
        before = govern.cut
        govern.observe(n / 60, 40.0 if cold else load * QUIET_MS[before])
        if govern.cut != before:
            changed_at = n
    assert (govern.cut, govern.changes) == (11, 2)


def crowd(govern, people, *, seconds, start_s):
    """Calls of so many people at 30 a second, each taking as long as one after the other."""
    rows = []
    for time_s in start_s + np.arange(0, seconds, 1 / 30):
        govern.expect(time_s, people)
        took_ms = QUIET_MS[govern.cut] * people
        rows.append((govern.cut, took_ms))
        govern.observe(time_s, took_ms, people)
    return np.array(rows)


def test_a_larger_crowd_gets_a_shallower_cut_before_its_first_call_is_late():
    govern = Governor(QUIET_MS, 30.0)
    crowd(govern, 1, seconds=5, start_s=0)
    assert govern.cut == 11
    many = crowd(govern, 5, seconds=5, start_s=5)
    assert (many[:, 1] <= 30.0).all()
    assert (many[:, 0] == 6).mean() > 0.9 or (many[:, 0] == 3).mean() > 0.9
    crowd(govern, 2, seconds=10, start_s=10)
    assert govern.cut == 11


def test_a_call_for_somebody_new_beside_that_of_everybody_changes_nothing():
    govern = Governor(QUIET_MS, 30.0)
    for n in range(600):
        govern.expect(n / 30, 3)
        govern.observe(n / 30, 3 * QUIET_MS[govern.cut], 3)
        if n % 8 == 0:
            govern.expect(n / 30, 1)
            govern.observe(n / 30 + 0.001, QUIET_MS[govern.cut], 1)
    assert (govern.cut, govern.changes) == (11, 0)
