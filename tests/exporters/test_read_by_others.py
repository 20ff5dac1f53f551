"""Files of motion, read by programs that are not ours: the joints are where they were."""

import importlib.util
import json
import subprocess
import sys
import warnings

import moving
import numpy as np
import pytest

import edge3dpose
from edge3dpose import rotations
from edge3dpose.exporters.bvh import bone_name
from edge3dpose.kinematics import axes
from edge3dpose.shape.skeleton import BONE_NAMES, BONES
from edge3dpose.skeletons import H36M17

FRAMES, GAP = 60, range(20, 26)
PLAIN = {"floor": False}


@pytest.fixture(scope="module")
def joints():
    """(60, 17, 3) from the camera, mm."""
    rng = np.random.default_rng(7)
    return moving.joints_mm(rng, moving.stick_rig(), FRAMES) + np.array([0, 0, 3500])


@pytest.fixture(scope="module")
def poses(joints, tmp_path_factory):
    """A poses file with a gap of six frames; a second person in the last 20."""
    root = joints[:, 0]
    people = [
        moving.poses_of((joints - root[:, None])[n : n + 1], 4, root[n])[0] for n in range(FRAMES)
    ]
    other = moving.poses_of(joints[:20] - root[:20, None], 9, (900.0, 0.0, 4000.0))
    frames = [[] if n in GAP else [people[n]] for n in range(FRAMES)]
    for n in range(20):
        frames[40 + n].append(other[n])
    return moving.write_poses(tmp_path_factory.mktemp("poses") / "p.jsonl", frames)


def made(poses, tmp_path, to, **options):
    out = tmp_path / f"x.{to}"
    said = edge3dpose.export(poses, to, out, options=PLAIN | options)
    assert "6 of them in gaps" in said or to in ("csv", "parquet")
    return out


def known(joints):
    return np.array([n for n in range(FRAMES) if n not in GAP]), joints


def test_ezc3d_reads_c3d_and_gaps_are_missing(poses, joints, tmp_path):
    ezc3d = pytest.importorskip("ezc3d", reason="ezc3d is not installed (extra test)")
    content = ezc3d.c3d(str(made(poses, tmp_path, "c3d")))
    points = content["data"]["points"]  # (4, N, F), NaN where missing
    parameters = content["parameters"]["POINT"]
    assert parameters["UNITS"]["value"] == ["mm"]
    assert parameters["RATE"]["value"] == [30.0]
    assert [n.lower() for n in parameters["LABELS"]["value"]] == list(H36M17.joints)
    seen, _ = known(joints)
    wanted = axes.find("ros").directions(joints)
    assert pytest.approx(wanted[seen], abs=0.2) == points[:3, :, seen].T
    assert np.isnan(points[:3][:, :, list(GAP)]).all()
    assert (content["data"]["meta_points"]["residuals"][0][:, list(GAP)] == -1).all()


def test_c3d_reads_c3d(poses, joints, tmp_path):
    c3d = pytest.importorskip("c3d", reason="c3d is not installed (extra files)")
    with open(made(poses, tmp_path, "c3d"), "rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frames = np.stack([points for _, points, _ in c3d.Reader(file).read_frames()])
    wanted = axes.find("ros").directions(joints)
    for n in range(FRAMES):
        if n in GAP:
            assert (frames[n, :, 3] == -1).all()
        else:
            assert frames[n, :, :3] == pytest.approx(wanted[n], abs=0.2)
            assert (frames[n, :, 3] == 0).all()


def test_bvh_reads_bvh_and_its_forward_kinematics_are_the_joints(poses, joints, tmp_path):
    bvh = pytest.importorskip("bvh", reason="bvh is not installed (extra test)")
    motion = bvh.Bvh(made(poses, tmp_path, "bvh").read_text())
    assert motion.nframes == FRAMES
    assert motion.frame_time == pytest.approx(1 / 30, abs=1e-6)
    assert sorted(motion.get_joints_names()) == sorted(bone_name(name) for name in BONE_NAMES)
    off, before = [], None
    for frame in range(FRAMES):
        heads = _heads_cm(motion, frame)
        if frame in GAP:  # the last pose is held
            assert heads == pytest.approx(before, abs=1e-3)
            continue
        before = heads
        wanted = axes.find("gltf").directions(joints[frame])[[bone.head for bone in BONES]]
        off.append(np.linalg.norm(10 * heads - wanted, axis=-1))
    assert np.median(off) < 25
    assert np.quantile(off, 0.95) < 60
    angles = np.array(motion.frames, float)[:, 3:]
    assert np.abs(np.diff(angles, axis=0)).max() < 190  # nothing jumps by a whole turn


def _heads_cm(motion, frame):
    """Heads of BONES by the offsets and channels that the reader gives."""
    heads, turns = {}, {}
    for bone in BONES:
        name = bone_name(bone.name)
        degrees = [
            motion.frame_joint_channel(frame, name, f"{axis}rotation") for axis in ("Z", "X", "Y")
        ]
        z, x, y = (
            rotations.about(np.eye(3)[n], angle)
            for n, angle in zip((2, 0, 1), degrees, strict=True)
        )
        turn = rotations.multiply(z, rotations.multiply(x, y))
        if bone.parent < 0:
            place = [motion.frame_joint_channel(frame, name, f"{a}position") for a in "XYZ"]
            heads[name], turns[name] = np.array(place), turn
        else:
            parent = bone_name(BONE_NAMES[bone.parent])
            offset = np.array(motion.joint_offset(name))
            heads[name] = heads[parent] + rotations.rotate(turns[parent], offset)
            turns[name] = rotations.multiply(turns[parent], turn)
    return np.stack([heads[bone_name(name)] for name in BONE_NAMES])


IN_BLENDER = """
import json, sys
import bpy
bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.import_anim.bvh(filepath=sys.argv[1], global_scale=0.01)
bones = bpy.context.object
found = []
for frame in (1, 11, 41):
    bpy.context.scene.frame_set(frame)
    heads = {bone.name: list(bones.matrix_world @ bone.head) for bone in bones.pose.bones}
    found.append(heads)
print("HEADS", json.dumps(found))
"""


def test_blender_imports_bvh(poses, joints, tmp_path):
    """Its importer makes z up of y up: the axes of blender in our table."""
    if importlib.util.find_spec("bpy") is None:
        pytest.skip("Blender as a module is not installed: pip install bpy")
    words = [sys.executable, "-c", IN_BLENDER, str(made(poses, tmp_path, "bvh"))]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("HEADS")]
    for frame, heads in zip((0, 10, 40), json.loads(line.removeprefix("HEADS")), strict=True):
        wanted = axes.find("blender").points(joints[frame])[[bone.head for bone in BONES]]
        found = np.array([heads[bone_name(name)] for name in BONE_NAMES])
        assert np.median(np.linalg.norm(found - wanted, axis=-1)) < 0.025


def test_pandas_reads_csv_and_parquet(poses, joints, tmp_path):
    pandas = pytest.importorskip("pandas", reason="pandas is not installed (extra pandas)")
    pytest.importorskip("pyarrow", reason="pyarrow is not installed (extra parquet)")
    seen, _ = known(joints)
    for table in (
        pandas.read_csv(made(poses, tmp_path, "csv")),
        pandas.read_parquet(made(poses, tmp_path, "parquet")),
    ):
        assert set(table.track_id) == {4, 9}
        first = table[table.track_id == 4]
        assert len(first) == FRAMES
        assert first.left_wrist_z_mm.to_numpy()[seen] == pytest.approx(
            joints[seen, H36M17.index("left_wrist"), 2], abs=0.2
        )
        assert first.left_wrist_z_mm.isna().sum() == len(GAP)
        assert first.time_s.to_numpy() == pytest.approx(np.arange(FRAMES) / 30, abs=1e-3)


def test_pandas_reads_trc(poses, joints, tmp_path):
    """As Pose2Sim reads it: a table of tabs after five lines."""
    pandas = pytest.importorskip("pandas", reason="pandas is not installed (extra pandas)")
    file = made(poses, tmp_path, "trc")
    header = file.read_text().splitlines()[:5]
    assert header[2].split("\t")[:5] == ["30", "30", "60", "17", "m"]
    names = [name for name in header[3].split("\t")[2:] if name]
    assert names == list(H36M17.joints)
    table = pandas.read_csv(file, sep="\t", skiprows=6, header=None).to_numpy()
    seen, _ = known(joints)
    wanted = axes.find("opensim").directions(joints) / 1000
    assert table[seen, 2:].reshape(-1, 17, 3) == pytest.approx(wanted[seen], abs=2e-4)
    assert np.isnan(table[list(GAP), 2:].astype(float)).all()


def test_opensim_reads_trc(poses, joints, tmp_path):
    opensim = pytest.importorskip("opensim", reason="opensim is not installed")
    table = opensim.TimeSeriesTableVec3(str(made(poses, tmp_path, "trc")))
    assert list(table.getColumnLabels()) == list(H36M17.joints)
    assert table.getNumRows() == FRAMES
    row = table.getRowAtIndex(3)
    found = np.array([[row[n][axis] for axis in range(3)] for n in range(17)])
    assert found == pytest.approx(axes.find("opensim").directions(joints[3]) / 1000, abs=2e-4)
    assert np.isnan(table.getRowAtIndex(22)[0][0])


def test_pygltflib_reads_glb(poses, tmp_path):
    pygltflib = pytest.importorskip("pygltflib", reason="pygltflib is not installed (extra test)")
    edge3dpose.export(poses, "glb", tmp_path / "x.glb")
    content = pygltflib.GLTF2().load(str(tmp_path / "x.glb"))
    assert [node.name for node in content.nodes][: len(BONES)] == list(BONE_NAMES)
    assert len(content.skins[0].joints) == len(BONES)
    times = content.accessors[content.animations[0].samplers[0].input]
    assert times.count == FRAMES - len(GAP)
    assert times.max == pytest.approx([(FRAMES - 1) / 30], abs=1e-3)


def test_a_file_a_person(poses, tmp_path):
    said = edge3dpose.export(poses, "bvh", tmp_path / "x.bvh", everybody=True)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["x-4.bvh", "x-9.bvh"]
    assert said.count("\n") == 1


def test_people_stand_on_the_floor(tmp_path):
    """A camera that looks 20 degrees down sees people lean; exported, they are upright."""
    rng = np.random.default_rng(1)
    joints = np.tile(moving.stick_rig().joints_over_time(_standing())[0] * 1000, (60, 1, 1))
    joints = joints * [1, -1, -1] + rng.normal(size=joints.shape) * 3
    pitch = np.radians(20)
    turn = np.array(
        [[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]]
    )
    joints = (joints - joints[:, :1]) @ turn.T
    root = np.array([0.0, 300, 4000])
    frames = [[pose] for pose in moving.poses_of(joints, 1, root)]
    file = moving.write_poses(tmp_path / "p.jsonl", frames)
    pandas = pytest.importorskip("pandas", reason="pandas is not installed (extra pandas)")
    for options, most_deg in (({}, 5), ({"camera_pitch": 20.0}, 3)):
        said = edge3dpose.export(file, "csv", tmp_path / "x.csv", options=options)
        assert ("estimated" in said) == (not options)
        table = pandas.read_csv(tmp_path / "x.csv")
        up = (
            _place(table, "thorax")
            - (_place(table, "left_ankle") + _place(table, "right_ankle")) / 2
        )
        lean = np.degrees(np.arccos(-up[:, 1] / np.linalg.norm(up, axis=-1)))
        assert np.median(lean) < most_deg
        assert np.median(_place(table, "left_ankle")[:, 1]) == pytest.approx(-70, abs=30)


def _standing():
    segments = np.tile(rotations.IDENTITY, (1, 22, 1))
    return segments


def _place(table, joint):
    return table[[f"{joint}_{axis}_mm" for axis in "xyz"]].to_numpy()
