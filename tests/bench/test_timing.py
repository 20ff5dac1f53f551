"""The stopwatch on engines of known speed and on the real loop."""

import time

import numpy as np
import pytest

from edge3dpose.bench import timing
from edge3dpose.bench.plan import OFFICIAL, Plan, in_turn
from edge3dpose.engine_types import Engine, EngineRequest
from edge3dpose.pose import PoseEstimator
from edge3dpose.runtime.backends.replay import ReplayEngine
from edge3dpose.runtime.sources import open_source
from edge3dpose.selection.defaults import resolve

TENSOR = np.zeros((1, 3, 8, 8), np.float32)


class Sleeper(Engine):
    """An engine that takes a known time and says when it was called."""

    def __init__(self, seconds, diary, name):
        self.seconds, self.diary, self.name = seconds, diary, name

    def __call__(self, images):
        self.diary.append(self.name)
        time.sleep(self.seconds)
        return np.zeros((len(images), 17, 4), np.float32)

    def close(self):
        pass


def test_alone_times_each_engine_in_turn_after_a_warm_up():
    diary, shares = [], []
    quick = timing.EngineCalls(Sleeper(0.002, diary, "quick"), [TENSOR])
    slow = timing.EngineCalls(Sleeper(0.01, diary, "slow"), [TENSOR])
    plan = Plan(rounds=3, calls=5, warm_up=2)
    timing.measure_in_turn([quick, slow], plan, progress=shares.append)
    assert shares == pytest.approx([n / 6 for n in range(1, 7)])
    assert diary.count("quick") == diary.count("slow") == 3 * 7
    assert {"quick", "slow"} == set(diary[:14])  # a round visits both, so drift falls on both
    found = slow.timing()
    assert found.n == slow.count == 15
    assert 10 <= found.min_ms <= found.p50_ms <= found.p99_ms
    assert len(found.rounds_p50_ms) == 3
    assert quick.timing().p50_ms < found.p50_ms


def test_percentiles_and_fps_of_known_times():
    found = timing.statistics(np.arange(1, 101) / 1000)
    assert found.n == 100
    assert found.mean_ms == 50.5
    assert found.p50_ms == 50.5
    assert found.p90_ms == pytest.approx(90.1)
    assert found.fps == pytest.approx(1000 / 50.5, abs=0.01)
    assert timing.statistics(np.array([])) is None


def test_frames_are_counted_by_the_millisecond_and_the_slow_ones_together():
    found = timing.frame_statistics(np.array([0.2, 3.1, 3.9, 5.0, 900.0]) / 1000)
    assert found.by_ms[:6] == (1, 0, 0, 2, 0, 1)
    assert sum(found.by_ms) == found.n == 5
    assert len(found.by_ms) == timing.MOST_MS + 1
    assert found.by_ms[-1] == 1
    assert timing.frame_statistics(np.array([])) is None


def test_end_to_end_is_the_loop_of_run_with_every_stage_on_the_clock():
    standing = np.full((17, 4), 0.5, np.float32)
    standing[:, 1] = np.linspace(0.2, 0.8, 17)
    config = resolve(EngineRequest(cut=24, precision="fp32", backend="openvino"))
    estimator = PoseEstimator.from_engine(config, ReplayEngine(standing[None]))
    runs = timing.EndToEndRuns(estimator, lambda: open_source("sample"))
    timing.measure_in_turn([runs], Plan(rounds=2, frames=4, warm_up=1))
    whole = runs.timing()
    assert whole.frames_offered == whole.frames_processed == runs.count == 8
    assert whole.frames_dropped == 0
    assert whole.frame.n == 8  # the frames of the warm-up are not among them
    stages = whole.stages
    assert {"source", "detect", "preprocess", "engine", "lift", "filter"} <= set(stages)
    within = [one for one in stages if one not in ("source", "read", "sink")]  # the loop's own
    parts = sum(stages[name].mean_ms * stages[name].n for name in within)
    assert parts <= whole.frame.mean_ms * 8 * 1.01


def visits(plan, frames_a_visit=0):
    """How often three items are visited under a plan, and the orders."""
    counts = dict.fromkeys("abc", 0)
    visited = ""
    for item in in_turn("abc", plan, lambda: min(counts.values()) * frames_a_visit):
        visited += item
        counts[item] += 1
    return set(counts.values()), [visited[n : n + 3] for n in range(0, len(visited), 3)]


def test_rounds_go_on_until_there_is_enough_of_everything():
    times, orders = visits(Plan(rounds=6))
    assert times == {6}
    assert len(set(orders)) > 1  # not always the same one first
    assert visits(Plan(rounds=2, at_least=100), frames_a_visit=30)[0] == {4}
    start = time.perf_counter()
    visits(Plan(rounds=1, at_least_s=0.05))
    assert time.perf_counter() - start >= 0.05


def test_the_share_that_is_done_is_of_what_takes_longest():
    assert Plan(rounds=4).share_done(1, 99.0, 0) == 0.25
    assert Plan(rounds=1, at_least=100, at_least_s=10.0).share_done(9, 5.0, 20) == 0.2
    assert Plan(rounds=4, at_most_s=10.0).share_done(1, 8.0, 0) == 0.8
    assert Plan(rounds=4, at_most_s=10.0).share_done(9, 1.0, 0) == 1.0


def test_a_plan_that_may_not_last_stops_after_a_whole_round():
    assert visits(Plan(rounds=9, at_most_s=0.0))[0] == {1}
    assert OFFICIAL.at_least == 1024
    assert OFFICIAL.at_least_s == 600


def test_energy_is_told_by_call_and_by_frame():
    class Meter:
        name, covers, joules = "made-up", "nothing", 0.0

        def read_j(self):
            self.joules += 0.5
            return self.joules

        def close(self):
            pass

    calls = timing.EngineCalls(Sleeper(0.0, [], "x"), [TENSOR])
    timing.measure_in_turn([calls], Plan(rounds=2, calls=5, warm_up=0), meters=[Meter()])
    # half a joule between two readings: a joule in two rounds, over ten calls
    assert calls.timing().mj_per_call == {"made-up": 100.0}
    assert timing.millijoules([{}], 10) is None  # no counter, no figure
