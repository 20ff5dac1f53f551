"""Synthetic people: a stick body goes through the real file, poses, renderer and labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from stick import stick_bones

from edge3dpose import models
from edge3dpose.errors import BadInput, MissingDependency
from edge3dpose.runtime.lift import roi_scale
from edge3dpose.skeletons import H36M17, lean_rad
from edge3dpose.training import nets
from edge3dpose.training.data import polarity
from edge3dpose.training.data.renders import Renders, settings_of
from edge3dpose.training.synthesis import assets, degrade, limbs, meshes, mhclo, motion, render, rig
from edge3dpose.training.synthesis.camera import CropCamera, cube_to_mm, draw_camera
from edge3dpose.training.synthesis.collision import limbs_cross
from edge3dpose.training.synthesis.preview import contact_sheet
from edge3dpose.training.synthesis.skinning import BodyRig
from edge3dpose.training.synthesis.synthesizer import RenderSettings, Synthesizer, _seen


@pytest.fixture(scope="session")
def people(stick_file: Path) -> Synthesizer:
    """Stick people of the training half; skips where OpenGL cannot draw without a window."""
    try:
        render.Renderer(16).close()
    except MissingDependency as error:
        pytest.skip(str(error))
    return Synthesizer(stick_file, "train", 128)


def _stick_rig() -> BodyRig:
    names, parents, heads = stick_bones()
    return BodyRig(tuple(names), tuple(parents), heads, np.array([0, 1.8, 0]))


def _joint(joints: np.ndarray, name: str) -> np.ndarray:
    return joints[H36M17.joints.index(name)]


def test_every_joint_inside_the_crop_lies_on_the_person(people: Synthesizer) -> None:
    for seed in range(30):
        sample = people.sample(seed)
        near = cv2.dilate(sample.mask.astype(np.uint8), np.ones((3, 3), np.uint8))
        column, row = (sample.uvz[sample.inside, :2] * sample.side_px).astype(int).T
        assert near[row, column].all(), seed
        assert not (sample.visible & ~sample.inside).any()


def test_the_cube_goes_back_to_the_same_millimetres(people: Synthesizer) -> None:
    for seed in range(20):
        s = people.sample(seed)
        back = cube_to_mm(s.uvz, s.focal_px, s.centre_px, s.side_px, s.root_depth_mm)
        np.testing.assert_allclose(back, s.joints_mm, atol=0.05)
        assert s.uvz[0, 2] == pytest.approx(0.5, abs=1e-6)
        z_range = 2000 * s.side_px * s.root_depth_mm / (s.focal_px * 2250)
        assert s.z_range_mm == pytest.approx(z_range)


def test_training_crops_stand_mostly_upright(stick_file: Path) -> None:
    turned = Synthesizer(stick_file, size=64, settings=RenderSettings(upright=1.0))
    given = Synthesizer(stick_file, size=64)
    leans = []
    for people in (turned, given):
        poses = [people.posed(seed) for seed in range(200)]
        pixels = [crop.project(crop.to_camera_mm(body.joints_m)) for crop, body in poses]
        leans.append(np.std([lean_rad(seen) for seen in pixels]))
        for crop, body in poses:  # the pelvis stays where it was
            root = crop.to_camera_mm(body.joints_m)[0]
            assert root == pytest.approx(crop.translation_m * 1000, abs=1e-6)
    assert 0.2 < leans[0] < 0.32
    assert leans[1] > 1.5 * leans[0]


def test_what_the_recipe_leaves_out_is_left_out(stick_file: Path) -> None:
    clean = Synthesizer(stick_file, size=64, settings=RenderSettings(augment=False))
    augmented = Synthesizer(stick_file, size=64)
    pairs = [(clean.sample(seed), augmented.sample(seed)) for seed in range(12)]
    assert sum(not np.array_equal(a.image, b.image) for a, b in pairs) > 6
    for one, other in pairs:
        np.testing.assert_array_equal(one.uvz, other.uvz)  # the same people
    assert sum(a.visible.sum() for a, _ in pairs) > sum(b.visible.sum() for _, b in pairs)


@pytest.mark.parametrize("kept", [True, False])
def test_of_a_share_of_the_depth_only_the_polarity_is_kept(stick_file: Path, kept: bool) -> None:
    recipe = replace(nets.recipe_of("hemlets-edge"), weak=0.5, weak_polarity=kept)
    stream = Renders(stick_file, "train", 64, 0, recipe=recipe)
    labels = [uvz for _, (_, uvz, _) in zip(range(40), stream, strict=False)]
    weak = [one for one in labels if np.isnan(one[:, 2]).all()]
    assert 10 < len(weak) < 30
    for one in weak:
        assert not np.isnan(one[:, :2]).any()
        assert np.isfinite(one[polarity.CHILDREN, 3]).all() == kept
    assert not any(np.isnan(one[:, 2]).any() for one in labels if not np.isnan(one[0, 2]))


def test_training_tells_the_root_joint_how_far_the_person_is(stick_file: Path) -> None:
    size, spec, recipe = 64, models.find("sspnet-lite"), nets.recipe_of("sspnet-lite")
    people = Synthesizer(stick_file, size=size, settings=settings_of(recipe))
    stream = Renders(stick_file, "train", size, 0, recipe=recipe)
    for seed, (_, uvz, _) in zip(range(8), stream, strict=False):
        one = people.sample(seed)
        prior_mm = one.focal_px * 2250 / size
        assert prior_mm * roi_scale(uvz, spec) == pytest.approx(one.root_depth_mm, rel=1e-4)
        np.testing.assert_array_equal(uvz[1:, :3], one.uvz[1:])
        assert np.isnan(uvz[:, 3]).all()


def test_a_seed_gives_the_same_sample_whatever_came_before(
    people: Synthesizer, stick_file: Path
) -> None:
    again = Synthesizer(stick_file, "train", 128)
    one, two = people.sample(7), again.sample(7)
    again.close()
    np.testing.assert_array_equal(one.image, two.image)
    np.testing.assert_array_equal(one.uvz, two.uvz)
    np.testing.assert_array_equal(one.visible, two.visible)
    assert (people.sample(8).image != one.image).any()


def test_halves_share_nothing(stick_file: Path) -> None:
    train, held = (assets.load_assets(stick_file, split) for split in ("train", "held-out"))
    assert {p.number for p in train.people}.isdisjoint(p.number for p in held.people)
    assert {g.name for g in train.garments}.isdisjoint(g.name for g in held.garments)
    assert len(train.garments) == len(held.garments) == 1
    assert {p.name for p in train.photos}.isdisjoint(p.name for p in held.photos)
    assert len(train.people) == len(held.people) == len(train.clips) == len(held.clips) == 1
    assert len(train.photos) + len(held.photos) == 12
    assert train.photos
    assert held.photos


def test_left_is_left_and_joints_bend_the_human_way() -> None:
    body, still = _stick_rig(), np.tile([1.0, 0, 0, 0], (22, 1))
    standing = body.pose(still).joints_m
    assert _joint(standing, "left_wrist")[0] > 0.4 > -0.4 > _joint(standing, "right_wrist")[0]
    local = motion.to_local(still)
    limbs.leg(local, "l", 90, 0, 90, 0)
    seated = body.pose(motion.to_world(local)).joints_m
    assert _joint(seated, "left_knee")[2] > 0.3
    assert _joint(seated, "left_ankle")[1] < _joint(seated, "left_knee")[1] - 0.3
    assert _joint(seated, "right_knee")[2] == pytest.approx(0, abs=0.02)


def test_seen_from_the_front_the_left_hand_is_on_the_right_of_the_picture() -> None:
    joints = _stick_rig().pose(np.tile([1.0, 0, 0, 0], (22, 1))).joints_m
    facing = 0
    for seed in range(200):
        crop = draw_camera(np.random.default_rng(seed), 256)
        eye = -crop.rotation.T @ crop.translation_m
        if eye[2] < abs(eye[0]):  # not in front of a person who looks along +z
            continue
        facing += 1
        u, v = crop.project(crop.to_camera_mm(joints)).T
        assert u[H36M17.joints.index("left_wrist")] > u[H36M17.joints.index("right_wrist")]
        assert v[H36M17.joints.index("head_top")] < v[H36M17.joints.index("left_ankle")]
    assert facing > 20


def test_a_mirrored_pose_gives_mirrored_joints(stick_file: Path) -> None:
    clips = assets.load_assets(stick_file, "train").clips
    body = _stick_rig()
    for seed in range(10):
        world = motion.draw_segments(np.random.default_rng(seed), clips)
        joints = body.pose(world).joints_m
        mirror = body.pose(motion.mirrored(world)).joints_m
        np.testing.assert_allclose(mirror, joints[list(H36M17.mirror)] * [-1, 1, 1], atol=1e-9)


def test_local_and_world_turns_undo_each_other(stick_file: Path) -> None:
    clips = assets.load_assets(stick_file, "train").clips
    world = motion.draw_segments(np.random.default_rng(3), clips)
    back = motion.to_world(motion.to_local(world))
    assert np.abs(np.sum(back * world, -1)) == pytest.approx(1.0)


def test_widening_reaches_poses_that_mocap_lacks(stick_file: Path) -> None:
    clips = assets.load_assets(stick_file, "train").clips
    body, thorax = _stick_rig(), H36M17.joints.index("thorax")

    def tilted(widen: bool) -> float:
        rng = np.random.default_rng(0)
        poses = [body.pose(motion.draw_segments(rng, clips, widen)) for _ in range(300)]
        up = np.array([p.joints_m[thorax] / np.linalg.norm(p.joints_m[thorax]) for p in poses])
        return float((up[:, 1] < np.cos(np.radians(45))).mean())

    assert tilted(False) == 0
    assert tilted(True) > 0.06


def test_limbs_that_cross_are_noticed() -> None:
    body, local = _stick_rig(), np.tile([1.0, 0, 0, 0], (22, 1))
    assert not limbs_cross(body.pose(motion.to_world(local)).joints_m)
    for side in "lr":  # feet together, thighs swung through one another
        limbs.leg(local, side, 0, -14, 0, 0)
    assert limbs_cross(body.pose(motion.to_world(local)).joints_m)
    joints = body.pose(np.tile([1.0, 0, 0, 0], (22, 1))).joints_m
    joints[H36M17.joints.index("left_wrist")] = joints[0] + [0, 0.2, 0]
    assert limbs_cross(joints)


def test_cameras_keep_the_promised_ranges() -> None:
    for seed in range(300):
        crop = draw_camera(np.random.default_rng(seed), 256)
        distance = np.linalg.norm(crop.translation_m)
        assert 1.5 <= distance <= 8.0
        assert -20 <= crop.elevation_deg <= 50
        np.testing.assert_allclose(crop.rotation @ crop.rotation.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(crop.rotation) == pytest.approx(1)
        offset = crop.project(crop.translation_m[None] * 1000)[0] / 256 - 0.5
        assert np.abs(offset).max() <= 0.08 + 1e-9
        assert 0.75 <= crop.z_range_mm / 2000 <= 1.3


def test_overhead_cameras_look_down_and_leave_the_others_as_they_are() -> None:
    def drawn(seed: int, overhead: float) -> CropCamera:
        return draw_camera(np.random.default_rng(seed), 256, overhead)

    above = [drawn(seed, 0.3) for seed in range(300)]
    steep = [crop for crop in above if crop.elevation_deg > 50]
    assert 0.2 < len(steep) / len(above) < 0.4
    assert max(crop.elevation_deg for crop in steep) < 85
    for crop in steep:  # what is up in the world comes towards such a camera
        up = crop.rotation @ [0, 1, 0]
        ray = crop.translation_m / np.linalg.norm(crop.translation_m)
        assert -up @ ray == pytest.approx(np.sin(np.radians(crop.elevation_deg)))


def test_what_stands_in_front_of_a_joint_hides_it(people: Synthesizer) -> None:
    pixels, depth = np.full((17, 2), 64.0), np.full(17, 3.0)
    empty = np.zeros((128, 128), bool)
    whole = (0.0, 0.0, 128.0, 128.0)

    def drawn(metres: float) -> render.Rendered:
        return render.Rendered(
            np.zeros((128, 128, 3), np.uint8),
            np.zeros((128, 128), np.uint8),
            np.full((128, 128), metres, np.float32),
        )

    assert _seen(pixels, depth, drawn(2.95), empty, whole).all()
    assert not _seen(pixels, depth, drawn(2.0), empty, whole).any()
    assert not _seen(pixels, depth, drawn(2.95), ~empty, whole).any()
    assert not _seen(pixels, depth, drawn(2.95), empty, (70.0, 0.0, 128.0, 128.0)).any()


def test_multisampling_softens_edges_only(stick_file: Path, people: Synthesizer) -> None:
    soft = Synthesizer(stick_file, "train", 128, RenderSettings(msaa=4))
    one, two = people.sample(5), soft.sample(5)
    soft.close()
    np.testing.assert_array_equal(one.uvz, two.uvz)
    assert (one.mask != two.mask).mean() < 0.02


def test_degrading_keeps_size_and_is_repeatable() -> None:
    image = np.random.default_rng(1).integers(0, 255, (96, 96, 3), np.uint8)
    changed = 0
    for seed in range(40):
        one, two = (degrade.degrade(np.random.default_rng(seed), image) for _ in range(2))
        np.testing.assert_array_equal(one, two)
        assert one.shape == image.shape
        assert one.dtype == np.uint8
        assert one.max() > 0, "no picture may go black"
        changed += bool((one != image).any())
    assert changed == 40
    cut = degrade.black_outside(image, (10.0, -5.0, 90.0, 50.0))
    assert not cut[:, :10].any()
    assert not cut[50:].any()
    np.testing.assert_array_equal(cut[:50, 10:90], image[:50, 10:90])


def test_an_occluder_says_where_it_is() -> None:
    image = np.zeros((64, 64, 3), np.uint8)
    for seed in range(20):
        white = np.full_like(image, 255)
        rng = np.random.default_rng(seed)
        drawn, hit = degrade.draw_occluder(rng, 64, lambda white=white: white).over(image)
        assert not drawn[~hit].any()


def test_contact_sheet(stick_file: Path, people: Synthesizer, tmp_path: Path) -> None:
    out = tmp_path / "new" / "sheet.png"
    assert contact_sheet(stick_file, 5, out, size=64) > 1  # pictures a second
    sheet = cv2.imread(str(out))
    assert sheet.shape == (128, 192, 3)
    with pytest.raises(BadInput, match=r"sheet\.nothing"):
        contact_sheet(stick_file, 1, tmp_path / "sheet.nothing", size=64)


def test_a_garment_hangs_on_its_three_vertices(tmp_path: Path) -> None:
    (tmp_path / "vest.obj").write_text("v 0 0 0\nf 1/1 2/2 3/3 4/4\n")
    (tmp_path / "vest.mhclo").write_text(
        "# a comment\nname vest\nobj_file vest.obj\nx_scale 0 1 2.0\ny_scale 0 2 4.0\n"
        "z_scale 0 3 1.0\nverts 0\n0 1 2 0.5 0.25 0.25 0.1 0.2 0.3\n1\n2\n3\n\n"
        "delete_verts\n3 - 5 9\n"
    )
    vest = mhclo.read(tmp_path / "vest.mhclo")
    base = np.array([[0, 0, 0], [1, 0, 0], [0, 2, 0], [0, 0, 3]], float)
    fitted = mhclo.fit(
        base, vest.refs, vest.weights, vest.offsets, vest.scale_refs, vest.scale_units
    )
    np.testing.assert_allclose(fitted[0], [0.25 + 0.05, 0.5 + 0.1, 0.9], rtol=1e-6)
    np.testing.assert_array_equal(fitted[1:], base[1:])
    assert vest.hides.tolist() == [3, 4, 5, 9]
    assert vest.triangles.tolist() == [[0, 1, 2], [0, 2, 3]]
    (tmp_path / "no.mhclo").write_text("name no\n")
    with pytest.raises(BadInput, match="not a garment"):
        mhclo.read(tmp_path / "no.mhclo")


def test_thinning_keeps_the_surface() -> None:
    x, y = np.meshgrid(np.linspace(0, 0.1, 41), np.linspace(0, 0.1, 41))
    vertices = np.column_stack([x.ravel(), y.ravel(), np.zeros(x.size)])
    corner = (np.arange(40)[:, None] * 41 + np.arange(40)).ravel()
    square = np.stack([corner, corner + 1, corner + 42, corner + 41], 1)
    triangles = np.concatenate([square[:, [0, 1, 2]], square[:, [0, 2, 3]]])
    fewer = meshes.thin(vertices, triangles, 0.01, np.zeros(len(vertices), int))
    assert 100 < len(fewer) < len(triangles) / 4

    def area(faces: np.ndarray) -> float:
        a, b, c = (vertices[faces[:, k]] for k in range(3))
        return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)

    assert 0.75 * area(triangles) < area(fewer) <= area(triangles) * 1.001
    same = meshes.thin(vertices, triangles, 0.0, np.zeros(len(vertices), int))
    assert len(same) == len(triangles)


def test_segments_and_parents_fit_together() -> None:
    assert len(rig.SEGMENTS) == len(rig.SEGMENT_PARENTS) == len(rig.SEGMENT_MIRROR) == 22
    for i, mirror in enumerate(rig.SEGMENT_MIRROR):
        assert rig.SEGMENT_MIRROR[mirror] == i
        name, other = rig.SEGMENTS[i], rig.SEGMENTS[mirror]
        assert name == other or name[1:] == other[1:]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"not an archive"])
def test_a_broken_asset_file_is_one_clear_line(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken.npz"
    file.write_bytes(content)
    with pytest.raises(BadInput, match="--prepare") as caught:
        assets.load_assets(file, "train")
    assert "\n" not in str(caught.value)


def test_another_file_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    with pytest.raises(BadInput, match="schema"):
        assets.load_assets(tmp_path / "other.npz", "train")


def test_without_egl_the_error_names_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    moderngl = pytest.importorskip("moderngl", reason="moderngl is not installed")

    def fail(**_: object) -> None:
        raise Exception("libEGL.so not loaded")

    monkeypatch.setattr(moderngl, "create_context", fail)
    with pytest.raises(MissingDependency, match="apt-get install libegl1"):
        render.open_context()
