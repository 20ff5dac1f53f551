"""Pipelines in processes of their own, made of a few lines whose memory and speed are known."""

import os
import sys
import time

import pytest

from edge3dpose.bench.peers import PeerRuns
from edge3dpose.bench.plan import Plan
from edge3dpose.bench.subprocess_runner import SubprocessRunner
from edge3dpose.errors import BadInput, MissingDependency
from edge3dpose.evaluation.peers import errors_by_model
from edge3dpose.records import from_json, to_json
from edge3dpose.reports.accuracy_rows import AccuracyReport
from edge3dpose.reports.rows import new_header

OURS = "a" * 64  # SHA-256 of our weights

# Holds 100 MB once, takes 5 ms of CPU a frame, sees somebody from the third frame on
PIPELINE = """
import json, sys, time
wanted = json.loads(sys.argv[1])
if "refuse" in wanted:
    print(json.dumps({"error": wanted["refuse"]})); sys.exit()
held = bytearray(100_000_000)
for n in range(0, len(held), 4096):
    held[n] = 1
del held
say = lambda **told: print(json.dumps(told), flush=True)
say(version="7", model="m", model_sha256="f" * 64, opened_at_s=time.monotonic())
for line in sys.stdin:
    frames = json.loads(line)["frames"] or 40
    if frames == 13:
        sys.exit("an unlucky number")
    start, seconds, first = time.perf_counter(), [], None
    for n in range(frames):
        begin = time.perf_counter()
        end = time.thread_time() + 0.005
        while time.thread_time() < end:
            pass
        seconds.append(time.perf_counter() - begin)
        if n >= 2 and first is None:
            first = time.monotonic()
    say(frame_s=seconds, elapsed_s=time.perf_counter() - start, with_people=max(frames - 2, 0),
        first_pose_at_s=first)
"""
COMMAND = [sys.executable, "-c", PIPELINE]


@pytest.fixture
def runner():
    opened = SubprocessRunner(COMMAND, {})
    yield opened
    opened.close()


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory and ticks as Linux has them")
def test_memory_cpu_time_and_first_pose_are_those_of_the_process(runner):
    time.sleep(0.5)  # waiting is no CPU time, but it does put off the first pose
    runner.run(10)
    last = runner.run(None)
    assert len(last.frame_s) == 40
    assert last.with_people == 38
    assert last.fps == pytest.approx(40 / last.elapsed_s)
    found = runner.footprint(last)
    assert 100 <= found.peak_mb <= 140  # what it held, though it is free again; not our own
    assert 0.5 <= found.first_pose_s <= 3
    step_ms = 2 * 1000 / os.sysconf("SC_CLK_TCK") / len(last.frame_s)  # the system counts in ticks
    assert 5 - step_ms <= found.cpu_ms_per_frame <= 6.5 + step_ms
    assert runner.facts == {"version": "7", "model": "m", "model_sha256": "f" * 64}


def test_what_cannot_be_opened_says_why_in_its_own_words():
    with pytest.raises(MissingDependency, match="no such model"):
        SubprocessRunner(COMMAND, {"refuse": "no such model"})
    with pytest.raises(MissingDependency, match=r"No module named .no_such.* \(exit code 1\)"):
        SubprocessRunner([sys.executable, "-c", "import no_such"], {})


def test_what_breaks_down_on_the_way_is_told(runner):
    with pytest.raises(BadInput, match="an unlucky number"):
        runner.run(13)
    runner.close()  # a second time does nothing


def test_a_peers_row_has_its_speed_its_memory_and_its_error(runner):
    reports = {"accuracy-people.json": accuracy_report()}
    peer = PeerRuns("rival", runner)
    plan = Plan(warm_up=1, frames=20)
    peer.measure(plan, [])
    peer.measure(plan, [])
    assert peer.count == 40  # the warm-up is not among them
    row = peer.row(errors_by_model(reports, OURS))
    assert row.end_to_end.frames_processed == 40
    assert len(row.end_to_end.rounds_fps) == 2
    assert 5 <= row.end_to_end.frame.p50_ms <= 60
    assert row.end_to_end.mj_per_frame is None
    assert row.footprint.peak_mb > 100
    assert row.error["people"].mpjpe_mm == 150.0
    assert row.error["people"].ours.mpjpe_mm == 100.0
    assert row.error["people"].report == "accuracy-people.json"


def test_errors_are_of_the_very_model_file_and_of_our_very_weights():
    reports = {"accuracy-people.json": accuracy_report()}
    assert errors_by_model(reports, OURS)["f" * 64]["people"].seen == 900
    assert errors_by_model(reports, "0" * 64)["f" * 64]["people"].ours is None
    assert errors_by_model(reports, OURS).get("e" * 64) is None
    assert errors_by_model(reports, OURS).get("b" * 64) is None  # it saw nobody
    few = accuracy_report(people=2)  # two pictures are no measure
    assert errors_by_model({"a.json": few}, OURS) == {}


def accuracy_report(people=1000):
    figures = {"mpjpe_mm": 150.0, "pa_mpjpe_mm": 90.0, "pck150": 0.5}
    ours = {"mpjpe_mm": 100.0, "pa_mpjpe_mm": 70.0, "pck150": 0.8}
    peer = {"name": "rival", "sha256": "f" * 64, "people": people, "seen": 900, **figures}
    blind = {"name": "blind", "sha256": "b" * 64, "people": people, "seen": 0}
    empty = {"by_fact": {}, "by_joint_mm": {}, "by_score": [], "by_depth_std": []}
    header = to_json(new_header(AccuracyReport))
    facts = {"model": "m", "weights_sha256": OURS, "state": None}
    dataset = {"name": "people", "protocol": "seen"}
    peers = [peer | {"ours_on_the_same": ours}, blind]
    content = header | facts | {"dataset": dataset, "cuts": [{"cut": 4, **ours}], "peers": peers}
    return from_json(AccuracyReport, content | empty | {"best_cut": 4}, "made up")
