"""Messages for ROS 2, written to a bag and read back by rosbags; no ROS is needed."""

import subprocess
import sys

import numpy as np
import pytest
from standing import JOINTS_MM

from edge3dpose import rotations
from edge3dpose.ros2.messages import Messages
from edge3dpose.skeletons import H36M17
from edge3dpose.types import Pose3D

rosbag2 = pytest.importorskip("rosbags.rosbag2")
from rosbags.typesys import Stores, get_types_from_msg, get_typestore  # noqa: E402

ROOT_MM = np.array([400.0, -150.0, 3000.0], np.float32)


@pytest.fixture(scope="module")
def store():
    store = get_typestore(Stores.ROS2_HUMBLE)
    ids = get_types_from_msg("std_msgs/Header header\nstring[] ids", "hri_msgs/msg/IdsList")
    store.register(ids)
    return store


def classes(store):
    """Classes that take the fields that are named, and are empty elsewhere, as those of rclpy."""
    empty = {"text": "", "texture_resource": "", "uv_coordinates": [], "colors": []}

    def of(name):
        kind = store.types[name]
        if name != "visualization_msgs/msg/Marker":
            return kind
        image = store.types["sensor_msgs/msg/CompressedImage"]
        header, stamp = (
            store.types["std_msgs/msg/Header"],
            store.types["builtin_interfaces/msg/Time"],
        )
        mesh = store.types["visualization_msgs/msg/MeshFile"](filename="", data=np.zeros(0, "u1"))
        picture = image(
            header=header(stamp=stamp(sec=0, nanosec=0), frame_id=""),
            format="",
            data=np.zeros(0, np.uint8),
        )
        rest = {"texture": picture, "mesh_resource": "", "mesh_file": mesh}
        rest["mesh_use_embedded_materials"] = False
        return lambda **fields: kind(**{**empty, **rest, **fields})

    return of


def person(track_id=4, turn_deg=0.0):
    c, s = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    joints = (JOINTS_MM @ np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])).astype(np.float32)
    pixels, score = np.zeros((17, 2), np.float32), np.full(17, 0.8, np.float32)
    return Pose3D(joints, pixels, score, ROOT_MM, track_id)


def stamp(store, nanoseconds):
    return store.types["builtin_interfaces/msg/Time"](sec=12, nanosec=nanoseconds)


def turn_of(transform):
    q = transform.transform.rotation
    return np.array([[q.w, q.x, q.y, q.z]])


def place_of(transform):
    t = transform.transform.translation
    return np.array([t.x, t.y, t.z])


def test_a_bag_of_people_is_read_back(store, tmp_path):
    messages = Messages(classes(store))
    people = [person(4), person(7, turn_deg=90)]
    at = stamp(store, 500)
    tf = store.types["tf2_msgs/msg/TFMessage"](transforms=messages.transforms(people, 0.0, at))
    sent = {
        ("/tf", "tf2_msgs/msg/TFMessage"): tf,
        ("/markers", "visualization_msgs/msg/MarkerArray"): messages.markers(people, at),
        ("/humans/bodies/tracked", "hri_msgs/msg/IdsList"): messages.ids(people, at),
    }
    with rosbag2.Writer(tmp_path / "bag", version=9) as writer:
        for (topic, kind), message in sent.items():
            connection = writer.add_connection(topic, kind, typestore=store)
            writer.write(connection, 12_000_000_500, store.serialize_cdr(message, kind))
    got = {}
    with rosbag2.Reader(tmp_path / "bag") as reader:
        for connection, _, data in reader.messages():
            got[connection.topic] = store.deserialize_cdr(data, connection.msgtype)
    assert got["/humans/bodies/tracked"].ids == ["4", "7"]
    assert got["/humans/bodies/tracked"].header.stamp.nanosec == 500
    assert len(got["/markers"].markers) == 4
    lines = got["/markers"].markers[0]
    assert (lines.ns, lines.type, len(lines.points)) == ("body_4", 5, 2 * 16)
    by_name = {one.child_frame_id: one for one in got["/tf"].transforms}
    assert by_name["body_4"].header.frame_id == "camera_link"
    assert by_name["left_wrist_7"].header.frame_id == "body_7"
    # REP-103: forward from the camera, left, up
    assert np.allclose(place_of(by_name["body_4"]), [3.0, -0.4, 0.15], atol=1e-6)


@pytest.mark.parametrize("turn_deg", [0.0, 90.0, -150.0])
def test_the_frame_of_a_body_looks_where_the_person_looks(store, turn_deg):
    found = Messages(classes(store)).transforms([person(4, turn_deg)], 0.0, stamp(store, 0))
    body, *children = found
    # in the body's own frame the person stands as at rest: left is +y, up is +z
    local = {one.child_frame_id: place_of(one) for one in children}
    assert local["left_shoulder_4"][1] > 0.1 > -0.1 > local["right_shoulder_4"][1]
    assert local["head_top_4"][2] > 0.6
    assert abs(local["head_top_4"][0]) < 0.1
    # and through the tree each joint is where it is seen
    for joint, seen in zip(H36M17.joints[1:], person(4, turn_deg).joints_mm[1:], strict=True):
        x, y, z = (seen + ROOT_MM) / 1000
        there = rotations.rotate(turn_of(body), local[f"{joint}_4"][None])[0] + place_of(body)
        assert np.allclose(there, [z, -x, -y], atol=1e-5)
    # who looks into the camera looks along -x of the camera's frame
    forward = rotations.rotate(turn_of(body), np.array([[1.0, 0, 0]]))[0]
    angle = np.radians(turn_deg)
    assert forward[:2] @ [-np.cos(angle), -np.sin(angle)] == pytest.approx(1, abs=0.02) or (
        forward[:2] @ [-np.cos(angle), np.sin(angle)] == pytest.approx(1, abs=0.02)
    )


def test_a_person_without_a_distance_has_no_frame_but_a_marker(store):
    pose = person()
    near = Pose3D(pose.joints_mm, pose.pixels, pose.score, None, 4)
    messages = Messages(classes(store))
    assert messages.transforms([near], 0.0, stamp(store, 0)) == []
    assert len(messages.markers([near], stamp(store, 0)).markers) == 2


def test_without_ros_the_node_says_so_in_one_line():
    done = subprocess.run(
        [sys.executable, "-m", "edge3dpose.ros2"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "ROS 2 is not there" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
