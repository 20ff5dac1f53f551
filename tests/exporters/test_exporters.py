"""Every exporter keeps the contract; a glb holds the person in motion."""

import json

import glb_file
import moving
import numpy as np
import plugin_contract
import pytest
import standing

import edge3dpose
from edge3dpose import exporters
from edge3dpose.errors import BadInput
from edge3dpose.exporters import ExporterPlugin
from edge3dpose.poses_file import read_poses
from edge3dpose.shape.posing import TO_Y_UP
from edge3dpose.shape.skeleton import BONE_NAMES, BONES


@pytest.fixture(scope="module")
def walk(tmp_path_factory):
    """A poses file of two people in motion, numbers 3 and 8."""
    rng = np.random.default_rng(4)
    rig = moving.stick_rig()
    first = moving.poses_of(moving.joints_mm(rng, rig), 3)
    second = moving.poses_of(moving.joints_mm(rng, rig, 60), 8, (900.0, 0.0, 4000.0))
    frames = [[pose] if n < 30 else [pose, second[n - 30]] for n, pose in enumerate(first)]
    return moving.write_poses(tmp_path_factory.mktemp("walk") / "walk.jsonl", frames)


@pytest.mark.parametrize("name", exporters.names())
def test_every_exporter_keeps_the_contract(name, walk, tmp_path):
    plugin = plugin_contract.check(exporters.FOLDER, name, ExporterPlugin)
    plugin_contract.check_options(plugin.options)
    assert plugin.suffix[0] == "."
    assert plugin.summary
    assert name in exporters.summary()
    out = tmp_path / f"out{plugin.suffix}"
    said = exporters.export(walk, name, out)
    assert said.startswith(f"{out}: ")
    assert "\n" not in said
    assert out.stat().st_size > 100
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("name", exporters.names())
def test_no_exporter_leaves_half_a_file(name, walk, tmp_path):
    nobody = moving.write_poses(tmp_path / "nobody.jsonl", [[], []])
    cut = tmp_path / "cut.jsonl"
    cut.write_text(walk.read_text()[:-500] + "\n")
    for poses, words in ((nobody, "nobody is in"), (cut, "line 91 is no frame")):
        with pytest.raises(BadInput, match=words):
            exporters.export(poses, name, tmp_path / "out")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["cut.jsonl", "nobody.jsonl"]


def test_listing_the_formats_loads_nothing_heavy():
    assert plugin_contract.loaded_with(exporters.FOLDER) == []


def test_bad_requests_are_one_line(walk, tmp_path):
    (other := tmp_path / "others.jsonl").write_text("poses of another run")
    for arguments, words in (
        ({"to": "fbx"}, "no exporter called 'fbx'; there is: .*glb"),
        ({"to": 3}, "to is 3"),
        ({"to": "glb", "options": {"tall": 1}}, "glb has no option 'tall'"),
        ({"to": "glb", "options": {"height_cm": 3}}, "--height-cm is 3"),
        ({"to": "glb", "out": walk}, "the poses file itself"),
        ({"to": "glb", "out": other}, "is there already; name another file or pass --overwrite"),
        ({"to": "glb", "track_id": 5, "out": tmp_path / "a"}, "no person 5; there is: 3, 8"),
        ({"to": "glb", "out": tmp_path}, "is a folder"),
    ):
        with pytest.raises(BadInput, match=words):
            exporters.export(walk, **arguments)
    assert list(tmp_path.iterdir()) == [other]
    assert other.read_text() == "poses of another run"


@pytest.mark.parametrize("name", exporters.names())
def test_an_earlier_export_is_moved_aside_and_any_other_file_is_refused(name, walk, tmp_path):
    out = tmp_path / f"out.{name}"
    exporters.export(walk, name, out)
    before = out.read_bytes()
    exporters.export(walk, name, out)
    assert out.with_name(f"out-1{out.suffix}").read_bytes() == before
    out.write_text("HIERARCHY\nROOT Hips\n{\n\tOFFSET 0 0 0\n")
    with pytest.raises(BadInput, match=r"is there already; name another file or pass --overwrite"):
        exporters.export(walk, name, out)
    assert out.read_text().startswith("HIERARCHY\nROOT Hips\n{\n\t")
    exporters.export(walk, name, out, options={"overwrite": True})
    assert out.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 2


def test_nothing_is_written_for_anybody_where_one_file_is_in_the_way(walk, tmp_path):
    (tmp_path / "out-8.trc").write_text("of somebody else")
    with pytest.raises(BadInput, match=r"out-8\.trc is there already"):
        exporters.export(walk, "trc", tmp_path / "out.trc", everybody=True)
    assert [file.name for file in tmp_path.iterdir()] == ["out-8.trc"]


@pytest.mark.parametrize("name", exporters.names())
def test_single_pictures_are_no_motion(name, walk, tmp_path):
    lines = [json.loads(line) for line in walk.read_text().splitlines()[:3]]
    pictures = [{**line, "image": f"{n}.jpg"} for n, line in enumerate(lines[1:])]
    file = tmp_path / "photos.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in [lines[0], *pictures]))
    with pytest.raises(BadInput, match=r"single pictures, not of one film.*--sequence"):
        exporters.export(file, name)
    assert list(tmp_path.iterdir()) == [file]


def test_the_file_is_named_after_the_poses(walk):
    assert edge3dpose.export(walk, "glb").startswith(str(walk.with_suffix(".glb")))
    walk.with_suffix(".glb").unlink()


@pytest.fixture(scope="module")
def made(walk):
    out = walk.with_name("made.glb")
    exporters.export(walk, "glb", out, options={"floor": False})
    return glb_file.Glb(out)


def joints_y_up_mm(walk, track_id):
    arrays = read_poses(walk).to_numpy()
    of = arrays["track_id"] == track_id
    return (arrays["joints_mm"][of] + arrays["root_mm"][of][:, None]) * TO_Y_UP


def test_the_bones_lie_on_the_joints(made, walk):
    joints = joints_y_up_mm(walk, 3)
    heads = made.heads_m() * 1000
    assert heads.shape == (90, len(BONES), 3)
    off = np.linalg.norm(heads - joints[:, [bone.head for bone in BONES]], axis=-1)
    assert np.median(off) < 25
    assert np.quantile(off, 0.95) < 60
    assert made.time_s == pytest.approx(np.arange(90) / 30, abs=1e-4)


def test_there_is_a_node_a_bone_and_the_person(made):
    assert made.names == [*BONE_NAMES, "person 3"]
    assert made.content["nodes"][-1]["extras"]["shape"]["id"] == 3
    assert made.content["asset"]["version"] == "2.0"


def test_the_skin_is_about_the_bones_and_of_the_bodys_size(made):
    heads = made.heads_m()
    for frame in (0, 45, 89):
        skin, triangles = made.skin_m(frame)
        assert triangles.max() < len(skin)
        nearest = np.linalg.norm(skin[:, None] - heads[frame], axis=-1).min(1)
        assert nearest.max() < 0.45
        assert np.linalg.norm(skin.mean(0) - heads[frame].mean(0)) < 0.15


def test_another_person_and_a_given_height(walk, tmp_path):
    out = tmp_path / "b.glb"
    said = exporters.export(
        walk, "glb", out, track_id=8, options={"height_cm": 160.0, "floor": False}
    )
    assert said == f"{out}: person 8, 160 cm tall, 60 frames, 2.0 s"
    glb = glb_file.Glb(out)
    about = glb.content["nodes"][-1]["extras"]
    assert about["starts_s"] == 1.0
    scale = about["shape"]["body"]["scale"]
    joints = joints_y_up_mm(walk, 8) * scale  # nearer or farther: the picture stays the same
    off = np.linalg.norm(glb.heads_m() * 1000 - joints[:, [bone.head for bone in BONES]], axis=-1)
    assert np.median(off) < 25
    rest = glb.array(glb.content["meshes"][0]["primitives"][0]["attributes"]["POSITION"])
    assert np.ptp(rest[:, 1]) == pytest.approx(1.6, abs=0.03)


def test_other_programs_read_it(walk, made):
    trimesh = pytest.importorskip("trimesh", reason="trimesh is not installed (extra test)")
    scene = trimesh.load(walk.with_name("made.glb"))
    (mesh,) = scene.geometry.values()
    rest, triangles = (made.content["accessors"][n]["count"] for n in (1, 5))
    assert len(mesh.vertices) == rest
    assert len(mesh.faces) * 3 == triangles
    low, high = mesh.bounds
    assert 1.4 < (high - low)[1] < 2.1


def test_equal_times_and_an_unknown_place_are_no_matter(tmp_path):
    joints = moving.joints_mm(np.random.default_rng(5), moving.stick_rig(), 30)
    frames = [[pose] for pose in moving.poses_of(joints)]
    file = moving.write_poses(tmp_path / "a.jsonl", frames)
    lines = file.read_text().splitlines()
    for number, line in enumerate(lines[1:], start=1):
        content = json.loads(line)
        content["time_s"] = (number // 2) / 15
        content["people"][0]["root_mm"] = None
        lines[number] = json.dumps(content)
    file.write_text("\n".join(lines) + "\n")
    for floor in (False, True):
        exporters.export(file, "glb", tmp_path / f"{floor}.glb", options={"floor": floor})
        glb = glb_file.Glb(tmp_path / f"{floor}.glb")
        assert (np.diff(glb.time_s) > 0).all()
        pelvis = glb.heads_m()[:, 0]
        assert pelvis[:, [0, 2]] == pytest.approx(0)
        assert pelvis[:, 1].min() > 0.3 if floor else pelvis[:, 1] == pytest.approx(0)


def test_a_body_stands_upright_on_the_floor_of_a_camera_that_looks_down(tmp_path):
    tilt = np.radians(25)
    up = [0.0, -np.cos(tilt), -np.sin(tilt)]
    down = np.array([[1, 0, 0], [0, np.cos(tilt), np.sin(tilt)], [0, -np.sin(tilt), np.cos(tilt)]])
    joints = np.repeat(standing.JOINTS_MM[None], 40, 0)  # level, at rest, for 1.3 s
    root = np.array([300.0, 0.0, 4000.0])
    people = moving.poses_of(joints @ down, 1, root @ down)
    file = moving.write_poses(
        tmp_path / "a.jsonl", [[one] for one in people], camera={"up": up, "above_floor_mm": 915.0}
    )
    said = exporters.export(file, "glb")
    assert "floor of the measured camera: camera looks 25.0 degrees down" in said
    assert ", 0.92 m above the floor" in said or ", 0.91 m above the floor" in said
    glb = glb_file.Glb(tmp_path / "a.glb")
    heads = glb.heads_m()[20]
    trunk = heads[BONE_NAMES.index("neck")] - heads[0]
    assert np.degrees(np.arccos(trunk[1] / np.linalg.norm(trunk))) < 4
    skin, _ = glb.skin_m(20)
    assert skin[:, 1].min() == pytest.approx(0, abs=0.02)
    assert 1.5 < skin[:, 1].max() < 2.0
