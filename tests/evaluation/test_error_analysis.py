"""Where the error lives, on people whose error is known."""

import json
from dataclasses import replace

import numpy as np
import pytest
from speed_reports import accuracy, typed_accuracy

from edge3dpose import models
from edge3dpose.evaluation import error_analysis
from edge3dpose.evaluation.predictions import Poses
from edge3dpose.records import to_json
from edge3dpose.reports import plots
from edge3dpose.runtime.filters import body_height
from edge3dpose.runtime.roi import body_scale
from edge3dpose.skeletons import H36M17

N, J = 50, 17


def poses():
    """The n-th person's joints are all n mm off, the wrists' scores fall with it."""
    true = np.random.default_rng(0).uniform(-500, 500, (N, J, 3))
    found = true.copy()
    found[:, 1:, 0] += np.arange(N)[:, None] * 17 / 16  # the root's 0 counts
    scores = np.tile(1 - np.arange(N)[:, None] / N, (1, J))
    inside = np.ones((N, J), bool)
    facts = {"size": np.arange(N)[::-1].astype(float), "noise": np.full(N, 3.0)}
    depth = true[:, 0, 2]
    return Poses(found[None], scores[None], true, inside, facts, depth, depth[None], found[None])


def test_fifths_of_the_people_are_in_the_order_of_the_fact():
    parts = error_analysis.by_fact(poses(), 0, root=0)["size"]
    assert [part.people for part in parts] == [10] * 5
    assert [part.lowest for part in parts] == [0, 10, 20, 30, 40]
    errors = [part.mpjpe_mm for part in parts]
    assert errors == pytest.approx([44.5, 34.5, 24.5, 14.5, 4.5])


def test_a_score_that_knows_its_error_shows():
    parts = error_analysis.by_score(poses(), 0, root=0)
    assert parts[0].lowest < parts[-1].lowest
    errors = [part.error_mm for part in parts]
    assert errors == sorted(errors, reverse=True)
    assert {part.inside for part in parts} == {1.0}


def test_a_height_that_is_known_tells_the_depth_of_the_root():
    crowd = poses()
    body = np.random.default_rng(1).normal(0, 300, (J, 3)) * [1, 1, 0.5]
    upright = (body - body[0]) * (error_analysis.TRUE_PER_MM * 1600 / body_scale(body))
    true = np.tile(upright + np.array([0, 0, 3000]), (N, 1, 1))
    shrunk = body_height.SEEN_PER_MM / error_analysis.TRUE_PER_MM  # as networks see bones
    own = 1.5 * ((true - true[:, :1]) * shrunk + true[:, :1])  # and half as far again
    depths = {"prior_mm": true[:, 0, 2] * 2, "depths_mm": own[None, :, 0, 2]}
    found = error_analysis.by_depth_method(
        replace(crowd, true_mm=true, own_mm=own[None], **depths), 0, root=0
    )
    assert found["by the square alone"] == pytest.approx(1)
    assert found["by the root's z"] == pytest.approx(0.5)
    assert found["by the bones and the height"] == pytest.approx(0, abs=1e-3)
    assert found["by the bones of an adult"] == pytest.approx(1740 / 1600 - 1, abs=1e-3)


def test_a_depth_spread_that_knows_the_error_in_depth_shows():
    crowd = poses()
    assert error_analysis.by_depth_std(crowd, 0, root=0) == ()
    crowd.found_mm[0, :, 1:, 2] += np.arange(N)[:, None]
    known = replace(crowd, depth_std=np.tile(np.arange(N)[:, None] / N, (1, 1, J)))
    errors = [part.error_mm for part in error_analysis.by_depth_std(known, 0, root=0)]
    assert errors == pytest.approx([4.5, 14.5, 24.5, 34.5, 44.5])


def test_joints_outside_the_crop_are_left_out():
    crowd = poses()
    crowd.inside[:, 5] = False
    crowd.inside[40:, 6] = False
    found = error_analysis.by_joint(crowd, 0, H36M17.joints, root=0)
    assert "left_knee" not in found
    assert found["left_ankle"] < found["left_elbow"]
    assert found["pelvis"] == 0


def test_the_picture_is_drawn_from_the_report(tmp_path):
    pytest.importorskip("matplotlib", reason="the plot extra is not installed")
    crowd = poses()
    analysis = error_analysis.analyse(crowd, 0, 3, models.find("sspnet-lite"))
    assert analysis.best_cut == 3
    assert len(analysis.by_score) == error_analysis.BINS
    assert analysis.one_by_one == ()  # these pictures have no names
    content = accuracy([{"cut": 3}], **to_json(analysis))
    report = typed_accuracy(json.loads(json.dumps(content)))
    plots.save(plots.error_chart(report), tmp_path / "where.png")
    assert (tmp_path / "where.png").stat().st_size > 10_000
