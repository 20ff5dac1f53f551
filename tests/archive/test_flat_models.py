"""An archive of a model that gives 2D poses, here a bottom-up one."""

from __future__ import annotations

import json

import clips
import crowd_net
import numpy as np
import pytest

from edge3dpose.archive.job import settled
from edge3dpose.archive.run_archive import Manpower, run_archive
from edge3dpose.archive.summary import summarize
from edge3dpose.models import _spec_file

SPEC = """
name = "triangles"
kind = "bottom-up"
onnx = "triangles.onnx"
[skeleton]
name = "triangle"
joints = ["top", "left_foot", "right_foot", "middle"]
bones = [["middle", "top"], ["middle", "left_foot"], ["middle", "right_foot"]]
root = ["middle"]
[input]
size = [320, 192]
range = [0, 255]
[output]
decode = "tags"
heat = "heat"
tags = "tags"
stride = 4
cells = "centres"
least_joints = 3
tag_distance = 20
"""
SHAPE = np.array([(0, -50), (40, 40), (-40, 40), (0, 0)])


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A model and a clip of two people, the second of whom goes in the middle."""
    monkeypatch.setenv("EDGE3DPOSE_HOME", str(tmp_path / "home"))
    file = tmp_path / "triangles.toml"
    file.write_text(SPEC)
    content = crowd_net.Net(_spec_file.read(file)).model()
    (tmp_path / "triangles.onnx").write_bytes(content)
    images = []
    for n in range(8):
        people = [np.add(SHAPE, (70 + n, 90)), np.add(SHAPE, (230 - n, 95))][: 2 if n < 4 else 1]
        images.append(crowd_net.picture(people, (320, 192), tags=(60, 160)))
    (tmp_path / "clips").mkdir()
    clips.write(tmp_path / "clips" / "two.mkv", images, codec="ffv1", pix_fmt="bgr0")
    return tmp_path


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_an_archive_of_2d_poses(place, kind):
    estimator = {
        "model": str(place / "triangles.toml"),
        "backend": "onnxruntime",
        "precision": "fp32",
        "threads": 1,
    }
    job, _ = settled(estimator, place / "out", kind)
    run_archive(place / "clips", job, Manpower(workers=1))
    told = summarize(job.out)
    assert (told.done, told.failed) == (1, 0)
    assert (told.frames, told.people) == (8, 2)
    (part,) = (job.out / "parts").iterdir()
    if kind == "jsonl":
        lines = [json.loads(line) for line in part.read_text().splitlines()]
        assert [len(line["people"]) for line in lines[1:]] == [2] * 4 + [1] * 4
        return
    pandas = pytest.importorskip("pandas")
    table = pandas.read_parquet(part)
    joints = ("top", "left_foot", "right_foot", "middle")
    columns = [f"{joint}_{what}" for joint in joints for what in ("u_px", "v_px", "score")]
    assert list(table.columns) == ["clip", "frame", "time_s", "person", *columns]
    assert table["frame"].value_counts(sort=False).tolist() == [2] * 4 + [1] * 4
    first = table[table["person"] == table["person"].iloc[-1]]
    assert np.abs(first["top_u_px"].to_numpy() - (70 + np.arange(8))).max() < 3
