"""The body file: principal components, and a small one baked from anny."""

import numpy as np
import pytest

pytest.importorskip("torch")

from edge3dpose.shape import body
from edge3dpose.training.synthesis import body_shapes, rig


def test_components_are_ways_of_differing_by_one_deviation():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(500, 2)) * [5, 2] @ rng.normal(size=(2, 40)) + 7
    mean, components = body_shapes.principal_components(rows, 2)
    assert mean == pytest.approx(rows.mean(0))
    assert components.T @ components == pytest.approx(np.cov(rows.T), rel=1e-6, abs=1e-9)


def test_every_segment_of_the_rig_has_a_bone():
    assert set(body_shapes.BONE_OF_SEGMENT) == set(rig.SEGMENTS)
    assert set(body_shapes.BONE_OF_SEGMENT.values()) == set(body.BONE_NAMES)


def test_a_file_of_few_bodies_is_read(tmp_path, monkeypatch):
    pytest.importorskip("anny", reason="anny is not installed (extra train)")
    out = body_shapes.bake(tmp_path / "body.npz", drawn=12)
    shipped = body.load_model()
    monkeypatch.setattr(body, "FILE", out)
    made = body.load_model.__wrapped__()
    assert np.array_equal(made.triangles, shipped.triangles)
    assert np.array_equal(made.skin_weights, shipped.skin_weights)
    assert made.height_mm[0] == pytest.approx(shipped.height_mm[0], abs=120)
