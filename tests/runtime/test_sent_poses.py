"""Poses that are sent to other programs, received by libraries that are not ours."""

import json
import shutil
import socket
import subprocess
import time

import numpy as np
import pytest
from pythonosc.osc_bundle import OscBundle
from standing import JOINTS_MM, SPEC

from edge3dpose import rotations
from edge3dpose.camera import open_lens
from edge3dpose.errors import BadInput
from edge3dpose.runtime import sinks
from edge3dpose.runtime.sinks import SinkContext
from edge3dpose.runtime.sinks._target import Followed
from edge3dpose.runtime.sinks.vmc import HUMAN_BONES
from edge3dpose.shape.skeleton import BONES
from edge3dpose.types import Box, Frame, Pose3D

CONTEXT = SinkContext(source="sample", fps=20.0, skeleton=SPEC.skeleton, header={"model": "m"})


def frame(index):
    image = np.zeros((240, 320, 3), np.uint8)
    return Frame(image, index, index / 20, open_lens()(320, 240))


def person(track_id=4, joints_mm=JOINTS_MM, root_mm=(300, -200, 3000), width=200.0):
    pixels = (joints_mm[:, :2] / 10 + (160, 120)).astype(np.float32)
    box = Box(10, 10, 10 + width, 10 + width)
    score = np.full(17, 0.8, np.float32)
    return Pose3D(joints_mm, pixels, score, np.array(root_mm, np.float32), track_id, box)


def opened(**values):
    (sink,) = sinks.open_all(values, CONTEXT)
    return sink


@pytest.fixture
def receiver():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        listening.settimeout(10)
        yield listening


def address(receiver):
    return f"127.0.0.1:{receiver.getsockname()[1]}"


def test_udp_gives_the_lines_of_a_poses_file(receiver, tmp_path):
    sink = opened(udp=address(receiver))
    for index in range(3):
        sink(frame(index), [person()])
    sink.close()
    sink.close()
    lines = [json.loads(receiver.recv(1 << 16)) for _ in range(4)]
    assert lines[0]["schema"] == "edge3dpose.poses/1"
    assert lines[0]["camera"]["size"] == [320, 240]
    assert [line["frame"] for line in lines[1:]] == [0, 1, 2]
    assert np.allclose(lines[1]["people"][0]["joints_mm"], JOINTS_MM, atol=0.1)


def test_udp_leaves_people_out_rather_than_a_frame(receiver, caplog):
    sink = opened(udp=address(receiver))
    sink(frame(0), [person(n) for n in range(120)])
    sink.close()
    receiver.recv(1 << 16)
    people = json.loads(receiver.recv(1 << 16))["people"]
    assert 10 < len(people) < 120
    assert "left out" in caplog.text


def test_udp_to_nobody_is_no_error():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        free = f"127.0.0.1:{taken.getsockname()[1]}"
    sink = opened(udp=free)
    for index in range(5):
        sink(frame(index), [person()])
    sink.close()


@pytest.mark.parametrize("option", ["udp", "vmc"])
@pytest.mark.parametrize("text", ["", "127.0.0.1:0", "127.0.0.1:99999", "a:b", "no.such.host.:9"])
def test_addresses_that_cannot_be(option, text):
    with pytest.raises(BadInput, match=f"--{option}"):
        opened(**{option: text})


BROKER = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")


@pytest.fixture
def broker(tmp_path):
    """Starts and stops a broker on one port."""
    if BROKER is None:
        pytest.skip("mosquitto is not installed; apt-get install mosquitto")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = []

    def start():
        quiet = subprocess.DEVNULL
        running.append(subprocess.Popen([BROKER, "-p", str(port)], stdout=quiet, stderr=quiet))
        until(lambda: connects(port))

    def stop():
        running[-1].terminate()
        running[-1].wait()

    start()
    yield port, start, stop
    stop()


def connects(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(true, seconds=15.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def listen(port, topic):
    from paho.mqtt import client as paho

    got = []
    client = paho.Client(paho.CallbackAPIVersion.VERSION2)
    client.on_connect = lambda c, *_: c.subscribe(topic)
    client.on_message = lambda _c, _d, message: got.append((message.topic, message.payload))
    client.reconnect_delay_set(1, 1)
    client.connect("127.0.0.1", port)
    client.loop_start()
    return client, got


def test_mqtt_publishes_each_frame_and_keeps_the_header(broker):
    port, _, _ = broker
    client, got = listen(port, "house/door/#")
    sink = opened(mqtt=f"127.0.0.1:{port}/house/door")
    until(lambda: sink._client.is_connected() and client.is_connected())
    for index in range(5):
        sink(frame(index), [person()])
    sink.close()
    sink.close()
    until(lambda: len(got) >= 7)
    client.disconnect()
    client.loop_stop()
    assert got[0][0] == "house/door/header"
    frames = [json.loads(payload) for topic, payload in got if topic == "house/door"]
    assert [one["frame"] for one in frames] == [0, 1, 2, 3, 4]
    assert got[-1] == ("house/door/end", b"")
    late, kept = listen(port, "house/door/header")
    until(lambda: kept)
    late.disconnect()
    late.loop_stop()
    assert json.loads(kept[0][1])["schema"] == "edge3dpose.poses/1"


def test_mqtt_comes_back_with_the_broker_and_holds_nobody_up(broker):
    port, start, stop = broker
    sink = opened(mqtt=f"127.0.0.1:{port}/a")
    until(lambda: sink._client.is_connected())
    sink(frame(0), [person()])
    stop()
    until(lambda: not sink._client.is_connected())
    before = time.monotonic()
    for index in range(1, 500):
        sink(frame(index), [person()])
    assert time.monotonic() - before < 2.0
    start()
    until(lambda: sink._client.is_connected())
    client, got = listen(port, "a")
    until(lambda: client.is_connected())
    time.sleep(0.2)
    sink(frame(500), [person()])
    until(lambda: got)
    assert json.loads(got[-1][1])["frame"] == 500
    client.disconnect()
    client.loop_stop()
    sink.close()


@pytest.mark.parametrize("text", ["", "host", "host/", "host/a#", "http://host/a", "host:0x/a"])
def test_topics_that_cannot_be(text):
    with pytest.raises(BadInput, match="--mqtt"):
        opened(mqtt=text)


def test_no_broker_is_one_line_without_the_password():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(BadInput, match="no MQTT broker answers") as error:
        opened(mqtt=f"mqtt://me:hunter2@127.0.0.1:{port}/a")
    assert "hunter2" not in str(error.value)


def test_lsl_gives_a_stream_of_each_person():
    pylsl = pytest.importorskip("pylsl")
    name = f"poses{time.monotonic_ns()}"
    sink = opened(lsl=name)
    sink(frame(0), [person(4), person(7)])
    found = pylsl.resolve_byprop("name", f"{name}-7", timeout=10)
    if not found:
        pytest.skip("LSL finds no streams on this network")
    inlet = pylsl.StreamInlet(found[0])
    inlet.open_stream(10)
    for index in range(1, 6):
        sink(frame(index), [person(4), person(7)])
    sample, stamp_s = inlet.pull_sample(timeout=10)
    info = inlet.info()
    inlet.close_stream()
    sink.close()
    assert (info.type(), info.channel_count()) == ("MoCap", 68)
    assert info.get_channel_labels()[:4] == [
        *("pelvis_PositionX", "pelvis_PositionY", "pelvis_PositionZ", "pelvis_Confidence")
    ]
    assert abs(pylsl.local_clock() - stamp_s) < 10
    assert np.allclose(sample[:4], [0.3, -0.2, 3.0, 0.8], atol=1e-3)


def raised_left_hand(turn_deg=0.0):
    """A person who raises the left hand; turned about the vertical."""
    joints = JOINTS_MM.copy()
    for above, joint in ((11, 12), (12, 13)):  # straight up, as long as before
        length = np.linalg.norm(JOINTS_MM[joint] - JOINTS_MM[above])
        joints[joint] = joints[above] + length * np.array([0.1, -0.98, -0.17])
    c, s = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    return (joints @ np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])).astype(np.float32)


def bundle(receiver):
    """Bones by name and the other messages of the next bundle, read by python-osc."""
    contents = list(OscBundle(receiver.recv(1 << 16)))
    sent = {one.params[0]: one.params[1:] for one in contents if one.address.endswith("Bone/Pos")}
    return sent, {one.address: one.params for one in contents if "Bone" not in one.address}


def rebuilt(sent):
    """Where each bone begins, as a receiver of VMC works it out: places and turns downwards."""
    places, turns = {}, {}
    for bone, name in zip(BONES, HUMAN_BONES, strict=True):
        place = np.array(sent[name][:3])
        x, y, z, w = sent[name][3:]
        turn = np.array([w, x, y, z])
        if bone.parent < 0:
            places[name], turns[name] = place, turn
            continue
        above = HUMAN_BONES[bone.parent]
        places[name] = places[above] + rotations.rotate(turns[above][None], place[None])[0]
        turns[name] = rotations.multiply(turns[above][None], turn[None])[0]
    return places


@pytest.mark.parametrize("turn_deg", [0.0, 60.0, -110.0])
def test_vmc_moves_an_avatar_as_the_person_moves(receiver, turn_deg):
    sink = opened(vmc=address(receiver))
    joints = raised_left_hand(turn_deg)
    for index in range(80):
        sink(frame(index), [person(joints_mm=joints)])
        sent, others = bundle(receiver)
    sink.close()
    assert others["/VMC/Ext/OK"] == [1]
    assert others["/VMC/Ext/T"] == pytest.approx([79 / 20])
    assert others["/VMC/Ext/Root/Pos"][0] == "root"
    places = rebuilt(sent)
    # Unity: y up; whoever looks into the camera looks along +z, and has the left hand at -x
    true = {name: joints[bone.head] for bone, name in zip(BONES, HUMAN_BONES, strict=True)}
    hips = places["Hips"]
    for name, joint_mm in true.items():
        wanted = joint_mm * (-1, -1, -1) / 1000
        assert np.linalg.norm(places[name] - hips - wanted) < 0.030, name
    assert places["LeftHand"][1] > places["Head"][1] - 0.1 > places["RightHand"][1]
    if turn_deg == 0:
        assert places["LeftHand"][0] < 0 < places["RightHand"][0]
    assert min(places["LeftFoot"][1], places["RightFoot"][1]) == pytest.approx(0.06, abs=0.04)
    assert np.linalg.norm(hips[[0, 2]]) < 0.01  # it began here


def test_vmc_says_when_nobody_is_there(receiver):
    sink = opened(vmc=address(receiver))
    sink(frame(0), [])
    sent, others = bundle(receiver)
    sink.close()
    assert (sent, others["/VMC/Ext/OK"]) == ({}, [0])


def test_one_person_is_followed_until_lost_then_the_largest():
    choose = Followed()
    assert choose([person(1, width=50), person(2, width=200)]).track_id == 2
    assert choose([person(1, width=300), person(2, width=200)]).track_id == 2
    assert choose([person(1, width=50), person(3, width=200)]).track_id == 3
    assert choose([]) is None
    assert choose([person(1, width=50)]).track_id == 1
