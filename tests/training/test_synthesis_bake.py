"""The real bodies, clothes, motion and photos: baked from the shared data, then drawn."""

from __future__ import annotations

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge3dpose.errors import BadInput, MissingDependency
from edge3dpose.skeletons import H36M17
from edge3dpose.training.synthesis import bake, bodies, render
from edge3dpose.training.synthesis.assets import SPLIT_FILE, Assets, load_assets
from edge3dpose.training.synthesis.outfits import Outfits
from edge3dpose.training.synthesis.synthesizer import Synthesizer

SHARED = Path(os.environ.get("EDGE3DPOSE_SHARED", Path(__file__).parents[3] / "shared"))
DATA = SHARED / "data"
SIZES = bake.BakeSizes(bodies=2, photos=60)


@pytest.fixture(scope="module")
def baked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two training bodies and the held-out ones; skips where the source data or anny is absent."""
    if not (DATA / bake.CLOTHES).exists():
        pytest.skip(f"the source data of synthetic people is not at {DATA}")
    pytest.importorskip("anny", reason="anny is not installed (extra train)")
    return bake.bake(DATA, tmp_path_factory.mktemp("baked") / "people.npz", SIZES)


@pytest.fixture(scope="module")
def halves(baked: Path) -> tuple[Assets, Assets]:
    return load_assets(baked, "train"), load_assets(baked, "held-out")


@pytest.mark.slow
def test_the_split_names_things_that_exist_and_leaves_enough_to_learn_from(
    halves: tuple[Assets, Assets],
) -> None:
    train, held = halves
    rule = json.loads(SPLIT_FILE.read_text())
    assert sorted(person.number for person in held.people) == rule["bodies"]
    assert {garment.name for garment in held.garments} == set(rule["garments"])
    assert {photo.name for photo in held.photos if photo.panorama} == set(rule["panoramas"])
    assert {g.name for g in train.garments}.isdisjoint(rule["garments"])
    assert sum(len(clip) for clip in train.clips) > 20_000
    assert sum(len(clip) for clip in held.clips) > 4_000


@pytest.mark.slow
def test_bodies_are_adults_and_clothes_lie_on_them(halves: tuple[Assets, Assets]) -> None:
    for half in halves:
        for person in half.people:
            skin = person.vertices_m[: bodies.BODY_VERTICES]
            low, high = bodies.HEIGHT_RANGE_M
            assert low - 0.01 <= np.ptp(skin[:, 1]) <= high + 0.01
            for garment in half.garments:
                cloth = garment.fit(person.vertices_m)
                some = cloth[:: max(1, len(cloth) // 100)]
                gap = np.linalg.norm(some[:, None] - skin[None, ::3], axis=2).min(1)
                assert np.median(gap) < 0.06, (person.number, garment.name)
    weights = halves[0].body_mesh.attributes[:, 4:8].astype(int).sum(1)
    assert (weights == 255).all()


@pytest.mark.slow
def test_standing_people_have_human_proportions(halves: tuple[Assets, Assets]) -> None:
    outfits = Outfits(halves[0])
    for person in halves[0].people:
        joints = outfits.rig(person).pose(np.tile([1.0, 0, 0, 0], (22, 1))).joints_m
        at = dict(zip(H36M17.joints, joints, strict=True))
        height = np.ptp(person.vertices_m[: bodies.BODY_VERTICES, 1])
        assert 0.40 < -at["left_ankle"][1] / height < 0.52
        assert 0.42 < at["head_top"][1] / height < 0.55
        assert at["left_shoulder"][0] > 0.1 > -0.1 > at["right_shoulder"][0]
        # T-pose: arms straight out and legs straight down, equal on both sides.
        for side in ("left", "right"):
            arm = at[f"{side}_wrist"] - at[f"{side}_shoulder"]
            assert abs(arm[0]) > 0.97 * np.linalg.norm(arm)
            leg = at[f"{side}_ankle"] - at[f"{side}_hip"]
            assert -leg[1] > 0.99 * np.linalg.norm(leg)
        mirror = joints[list(H36M17.mirror)] * [-1, 1, 1]
        assert np.abs(mirror - joints).max() < 0.01


@pytest.mark.slow
def test_labels_lie_on_dressed_people(baked: Path) -> None:
    try:
        render.Renderer(16).close()
    except MissingDependency as error:
        pytest.skip(str(error))
    hits = []
    for split in ("train", "held-out"):
        people = Synthesizer(baked, split, 256)
        for seed in range(30):
            sample = people.sample(seed)
            near = cv2.dilate(sample.mask.astype(np.uint8), np.ones((5, 5), np.uint8))
            column, row = (sample.uvz[sample.inside, :2] * sample.side_px).astype(int).T
            hits += near[row, column].tolist()
            assert 0.01 < sample.mask.mean() < 0.9
            assert sample.visible.sum() <= sample.inside.sum()
        people.close()
    assert np.mean(hits) > 0.995


def test_a_folder_without_the_data_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--data"):
        bake.bake(tmp_path, tmp_path / "out.npz")
    assert not list(tmp_path.iterdir())
