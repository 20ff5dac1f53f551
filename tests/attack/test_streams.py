"""Streams that drop, stall, turn and come late: every one is survived, and told."""

from __future__ import annotations

import json
import logging
import random
import re
import subprocess
import threading
import time
from contextlib import closing

import numpy as np
import pytest
import stream_servers
from stream_servers import Mjpeg, Rtsp, grey

from edge3dpose.errors import BadInput
from edge3dpose.runtime.sources import SourceOptions, _live_source, open_source
from edge3dpose.types import Camera

BACK_S = 2.0  # from the return of a stream to its first frame
SLACK_S = 1.0  # for a machine that does other things meanwhile
needs_rtsp = pytest.mark.skipif(
    not stream_servers.rtsp_python(),
    reason="no RTSP server: apt install gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-ugly",
)
SERVERS = [Mjpeg, pytest.param(Rtsp, marks=needs_rtsp)]


def taken(frames, count):
    return [next(frames) for _ in range(count)]


def survives(server, drops, lose, seed=0):
    """Drop a stream so often; returns the seconds from each return to the next frame."""
    chance = random.Random(seed)
    waits_s, seen = [], []
    with server, closing(open_source(server.url)) as source:
        source.on_event = seen.append
        frames = iter(source)
        for _ in range(drops):
            taken(frames, chance.randint(1, 12))
            before = len([event for event in seen if event.kind == "source_back"])
            lose(server, chance.uniform(0, 1.5))
            back = time.monotonic()
            while len([event for event in seen if event.kind == "source_back"]) == before:
                next(frames)
            waits_s.append(time.monotonic() - back)
    kinds = [event.kind for event in seen]
    assert kinds == ["source_lost", "source_back"] * drops
    times_s = [event.time_s for event in seen]
    assert times_s == sorted(times_s)
    return waits_s


def close_connections(server, gone_s):
    server.drop()


def go_away(server, gone_s):
    server.down()
    time.sleep(gone_s)
    server.up()


@pytest.mark.parametrize("lose", [close_connections, go_away])
@pytest.mark.parametrize("drops", [6, pytest.param(40, marks=pytest.mark.slow)])
def test_every_drop_of_motion_jpeg_is_survived(drops, lose):
    assert max(survives(Mjpeg(), drops, lose)) < BACK_S + SLACK_S


@needs_rtsp
@pytest.mark.parametrize("drops", [2, pytest.param(40, marks=pytest.mark.slow)])
def test_every_drop_of_rtsp_is_survived(drops):
    assert max(survives(Rtsp(), drops, go_away)) < BACK_S + SLACK_S


@pytest.mark.parametrize("kind", SERVERS)
def test_a_stall_counts_as_a_loss(kind, monkeypatch, caplog):
    monkeypatch.setattr(_live_source, "STALL_S", 1.0)
    with kind() as server, closing(open_source(server.url)) as source:
        seen = []
        source.on_event = seen.append
        frames = iter(source)
        taken(frames, 5)
        if kind is Mjpeg:
            server.stalled = True
            threading.Timer(2.0, lambda: setattr(server, "stalled", False)).start()
        else:
            server.stall()
            threading.Timer(2.0, lambda: (server.down(), server.up())).start()
        while not any(event.kind == "source_back" for event in seen):
            next(frames)
    assert [event.kind for event in seen] == ["source_lost", "source_back"]
    assert seen[0].facts["reason"] == "no frame for 1 s"
    assert seen[1].facts["gap_s"] > 1.5
    assert "is lost (no frame for 1 s); trying again" in caplog.text


def wide_or_tall(number, state):
    return grey(number) if not state else np.ascontiguousarray(grey(number).transpose(1, 0, 2))


def test_a_turned_stream_gives_frames_of_the_new_size(place, tmp_path):
    import standing

    import edge3dpose

    state: list[int] = []
    out = tmp_path / "out.jsonl"
    weights = place / f"{standing.SPEC.name}.onnx"
    how = {"weights": weights, "engines": place / "engines", "cut": 3, "threads": 1}
    how |= {"backend": "onnxruntime", "precision": "fp32", "detector": "full-frame"}

    def turn(frame, people):
        if frame.index > 4 and not state:
            state.append(1)

    with Mjpeg(lambda number: wide_or_tall(number, state)) as server:
        with edge3dpose.PoseEstimator(**how) as pose:
            pose.run(server.url, outputs={"jsonl": out}, max_frames=12, on_frame=turn)
        poses = edge3dpose.read_poses(out)
        assert poses.header["camera"]["size"] == [64, 48]
        (event,) = poses.events()
        assert (event["event"], event["camera"]["size"]) == ("camera", [48, 64])
        frames = list(poses)
        sizes = [frame.facts.get("camera", {}).get("size") for frame in frames]
        assert sizes == sorted(sizes, key=lambda size: size is not None)
        assert sizes[-1] == [48, 64]
        assert all(frame.people for frame in frames)
        # a measured camera is of one size: it is refused, and says so
        measured = tmp_path / "camera.json"
        measured.write_text(
            json.dumps({"size": [64, 48], "focal_px": [60, 60], "centre_px": [32, 24]})
        )
        given = Camera((60.0, 60.0), (32.0, 24.0))
        for camera, words in ((measured, "another shape"), (given, "64x48 and are 48x64 now")):
            state.clear()
            with (
                edge3dpose.PoseEstimator(**how, camera=camera) as pose,
                pytest.raises(BadInput, match=words),
            ):
                pose.run(server.url, max_frames=99, on_frame=turn)


@needs_rtsp
def test_the_age_of_rtsp_is_counted_from_its_time_stamps():
    with Rtsp() as server, closing(open_source(server.url)) as source:
        assert source.age_from == "capture"
        ages_s = [source.age_s(frame) for frame, _ in zip(source, range(50), strict=False)]
    assert min(ages_s) >= 0
    assert np.median(ages_s) < 0.5
    with Mjpeg() as server, closing(open_source(server.url)) as source:
        assert source.age_from == "decode"


SECRET = "s3cret-w0rd"


@needs_rtsp
def test_a_password_is_nowhere(run_words, where, tmp_path):
    out = tmp_path / "out.jsonl"
    with Rtsp(password=SECRET) as server:
        words = [*run_words, "--source", server.url, "--reconnect", "0.5", "--jsonl", str(out)]
        program = subprocess.Popen(words, env=where, stderr=subprocess.PIPE, text=True)
        wait_for(lambda: len(_lines(tmp_path)) > 3)
        server.down()
        assert program.stderr is not None
        errors = program.communicate(timeout=60)[1]
        assert program.returncode == 3, errors
        server.up()
        wrong = [*words[:-1], str(tmp_path / "no.jsonl")]
        wrong[wrong.index(server.url)] = server.url.replace(SECRET, f"{SECRET}2")
        refused = subprocess.run(wrong, env=where, capture_output=True, text=True, check=False)
    assert refused.returncode == 1, refused.stderr
    written = out.read_text() + errors + refused.stderr + refused.stdout
    assert SECRET not in written
    assert "rtsp://user:***@127.0.0.1" in out.read_text()


def test_a_stream_that_comes_late_is_lost_and_given_up(run_words, where, tmp_path):
    """From the command line: --wait, --reconnect, the lines that are told, exit code 3."""
    out, beat = tmp_path / "out.jsonl", tmp_path / "alive"
    server = Mjpeg()
    words = ("--source", server.url, "--wait", "60", "--reconnect", "1.5", "--jsonl", str(out))
    words = (*run_words, *words, "--heartbeat", str(beat))
    program = subprocess.Popen(words, env=where, stderr=subprocess.PIPE, text=True)
    assert program.stderr is not None
    first = program.stderr.readline()
    assert re.fullmatch(r"cannot open http://127.*; waiting 60 s for it\n", first), first
    assert not beat.exists()
    with server:
        wait_for(lambda: len(_lines(tmp_path)) > 5)
        server.drop()
        wait_for(lambda: '"source_back"' in _text(tmp_path))
        server.down()
        said = program.communicate(timeout=60)[1].splitlines()
    assert program.returncode == 3, said
    assert beat.exists()
    told = [line for line in said if line.startswith(server.url)]
    assert [re.sub(r"\(.*\)|[\d.]+ s$", "", line.removeprefix(server.url)) for line in told] == [
        " is lost ; trying again for ",
        " is back after ",
        " is lost ; trying again for ",
    ]
    assert said[-1].startswith(f"Error: {server.url} gives no more frames (cannot open ")
    assert said[-1].endswith("; it did not come back within 1.5 s")
    events = [line["event"] for line in map(json.loads, _lines(tmp_path)) if "event" in line]
    assert events == ["source_lost", "source_back", "source_lost"]


def test_what_cannot_be_reached_is_given_up_with_3(run_words, where):
    words = (*run_words, "--source", "http://127.0.0.1:9/x", "--wait", "0.5")
    done = subprocess.run(words, env=where, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1].endswith("; waited 0.5 s")
    assert "Traceback" not in done.stderr


def test_options_of_live_sources_are_refused_for_files(run_words, where):
    words = (*run_words, "--source", "sample", "--reconnect", "5")
    done = subprocess.run(words, env=where, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "--reconnect has no meaning for a source of the kind sample" in done.stderr


def test_the_library_offers_the_same(caplog):
    caplog.set_level(logging.WARNING)
    with Mjpeg() as server:
        how = SourceOptions(reconnect_s=0.0, wait_s=1.0)
        with closing(open_source(server.url, options=how)) as source:
            frames = iter(source)
            next(frames)
            server.down()
            with pytest.raises(BadInput, match="gives no more frames"):
                list(frames)
    assert caplog.records == []


def wait_for(condition, limit_s=60.0):
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def _text(folder):
    found = [*folder.glob("out*.jsonl")]
    return found[0].read_text() if found else ""


def _lines(folder):
    return _text(folder).splitlines()
