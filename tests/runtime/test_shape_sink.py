"""--shape: bone lengths of a run, a body for each person at its end."""

import json

import moving
import numpy as np
import pytest

from edge3dpose.errors import BadInput
from edge3dpose.runtime import sinks
from edge3dpose.runtime.sinks import SinkContext, shape
from edge3dpose.types import Frame

IMAGE = np.zeros((72, 128, 3), np.uint8)


def filled(path, people, header=None, related=True):
    """A sink that took the frames."""
    (sink,) = sinks.open_all(
        {"shape": path}, SinkContext("clip", related=related, header=header or {})
    )
    for n, seen in enumerate(people):
        sink(Frame(IMAGE, n, n / 30), seen)
    return sink


@pytest.fixture(scope="module")
def poses():
    return moving.poses_of(moving.joints_mm(np.random.default_rng(1), moving.stick_rig()))


def test_each_person_is_measured_when_it_is_closed(poses, tmp_path):
    path = tmp_path / "shape.json"
    header = {"source": "clip", "height_mm": 1750.0, "camera": {"measured": ["x"], "assumed": []}}
    short = moving.poses_of([pose.joints_mm for pose in poses[:5]], track_id=9)
    people = [[pose, short[n]] if n < 5 else [pose] for n, pose in enumerate(poses)]
    sink = filled(path, people, header)
    assert not path.exists()
    sink.close()
    (line,) = sink.said
    assert line.startswith("person 3: 175 cm tall as given; upper arm ")
    content = json.loads(path.read_text())
    assert content["schema"] == "edge3dpose.shape/1"
    (person,) = content["people"]  # who was seen in five frames is left out
    assert person["id"] == 3
    assert person["given"] == ["height", "camera"]
    assert person["frames"] == 90
    assert list(tmp_path.iterdir()) == [path]
    sink.close()


def test_it_agrees_with_the_poses_file(poses, tmp_path):
    import edge3dpose

    sink = filled(tmp_path / "a.json", [[pose] for pose in poses])
    sink.close()
    file = moving.write_poses(tmp_path / "a.jsonl", [[pose] for pose in poses])
    found = edge3dpose.fit_shape(file).to_dict()
    (told,) = json.loads((tmp_path / "a.json").read_text())["people"]
    assert told["height_mm"] == pytest.approx(found["height_mm"], abs=1)


def test_a_long_run_is_thinned(poses, tmp_path, monkeypatch):
    monkeypatch.setattr(shape, "MOST_ROWS", 32)
    sink = filled(tmp_path / "a.json", [[pose] for pose in poses])
    (person,) = sink._people.values()
    assert len(person.rows) < 32
    assert person.frames == 90
    sink.close()
    assert len(sink.said) == 1


def test_nothing_is_left_when_it_is_discarded(poses, tmp_path):
    filled(tmp_path / "a.json", [[pose] for pose in poses]).discard()
    assert list(tmp_path.iterdir()) == []


def test_nobody_is_an_empty_list(tmp_path):
    sink = filled(tmp_path / "a.json", [[], []])
    sink.close()
    assert sink.said == ("--shape: nobody was seen in 10 frames or more, so nobody was measured",)
    assert json.loads((tmp_path / "a.json").read_text())["people"] == []


def test_single_images_are_refused(tmp_path):
    with pytest.raises(BadInput, match="--sequence FPS if they are one film"):
        filled(tmp_path / "a.json", [], related=False)
