"""Errors that are undefined because too few joints lie in the crop."""

import json

import numpy as np
import pytest
import tiny_model

import edge3dpose
from edge3dpose import models
from edge3dpose.evaluation import evaluate as evaluation
from edge3dpose.evaluation import peers
from edge3dpose.evaluation.datasets import People
from edge3dpose.evaluation.predictions import Person
from edge3dpose.records import to_json
from edge3dpose.reports.accuracy import pictures_table
from edge3dpose.types import Camera

SPEC = models.find("sspnet-lite")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    return tiny_model.write(folder, np.full((24, 17, 4), 0.5), SPEC).onnx


def people(*, joints_in_crop):
    """A person for each number of joints that lie in the crop."""
    size = SPEC.input_size
    camera = Camera((300.0, 300.0), (size / 2, size / 2))
    for n, count in enumerate(joints_in_crop):
        joints = np.random.default_rng(n).normal(0, 200, (17, 3)) + np.array([0, 0, 3000])
        inside = np.arange(17) < count
        image = np.zeros((size, size, 3), np.uint8)
        yield Person(image, camera, 3000.0, joints.astype(np.float32), inside, name=f"{n}.jpg")


def test_an_error_that_is_undefined_is_null_and_the_others_are_there(weights, monkeypatch):
    """PA-MPJPE needs three joints, MPJPE one."""
    counts = (17, 2, 0)
    shown = People({"name": "d", "protocol": "p"}, 3, people(joints_in_crop=counts))
    monkeypatch.setattr(evaluation, "_people", lambda *_: shown)
    half = peers.Peer("half", "a" * 64, lambda image: np.zeros((17, 3), np.float32))
    monkeypatch.setattr(peers, "open_peer", lambda file: half)
    report = edge3dpose.evaluate(weights=weights, cut="1,2", against=("half",))
    content = json.loads(json.dumps(to_json(report), allow_nan=False))
    assert content["cuts"][0]["pa_mpjpe_mm"] > 0
    for rows in (content["one_by_one"], content["peers"][0]["one_by_one"]):
        assert [row["mpjpe_mm"] is None for row in rows] == [False, False, True]
        assert [row["pa_mpjpe_mm"] is None for row in rows] == [False, True, True]
    last = pictures_table(report.analysis).rows[-1]
    assert last[1:3] == ("- / -", "- / -")


def test_without_enough_joints_there_is_no_figure_instead_of_an_invalid_one(weights, monkeypatch):
    shown = People({"name": "d", "protocol": "p"}, 1, people(joints_in_crop=[2]))
    monkeypatch.setattr(evaluation, "_people", lambda *_: shown)
    report = edge3dpose.evaluate(weights=weights, cut=1)
    assert report.cuts[0].figures["pa_mpjpe_mm"] is None
    assert report.analysis.with_bone_lengths is None
