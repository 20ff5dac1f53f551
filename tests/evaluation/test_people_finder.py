"""Finders on labelled pictures: who is found by an ROI and by a tight box, how it is counted."""

import json
import os
from pathlib import Path

import cv2
import pytest
import standing

from edge3dpose.errors import BadInput
from edge3dpose.evaluation import people_finder
from edge3dpose.evaluation.labelled_people import LabelledPictures, Labels, paired
from edge3dpose.evaluation.people_finder import (
    FINDERS,
    _Count,
    evaluate_people,
    fits_by_box,
    fits_by_roi,
)
from edge3dpose.records import from_json, to_json
from edge3dpose.reports import people
from edge3dpose.reports.people_rows import PeopleReport
from edge3dpose.runtime import detectors
from edge3dpose.runtime.sources import open_source
from edge3dpose.types import Box

SIZE = (640, 480)
STANDING = (100.0, 100.0, 160.0, 300.0)
SHARED = Path(os.environ.get("EDGE3DPOSE_SHARED", Path(__file__).parents[3] / "shared"))


def roi(x, y, side, extent=None):
    return Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2, extent=extent)


@pytest.mark.parametrize(
    ("box", "person", "found"),
    [
        (roi(130, 196, 264), STANDING, True),
        (roi(130, 330, 264), STANDING, False),  # the pelvis is below the feet
        (roi(130, 196, 100), STANDING, False),  # an ROI of half the size
        (roi(130, 196, 1000), STANDING, False),
        (roi(130, 520, 700), (60.0, 300.0, 200.0, 480.0), True),  # a head and shoulders
        (roi(-20, 200, 300), (0.0, 100.0, 60.0, 300.0), True),  # half of the person is left of it
        (roi(-20, 200, 300), (30.0, 100.0, 90.0, 300.0), False),
    ],
)
def test_a_person_is_found_by_the_pelvis_and_the_size_of_the_roi(box, person, found):
    assert fits_by_roi(box, person, SIZE) == found


def test_a_person_is_found_by_a_tight_box_where_the_detector_gives_one():
    assert fits_by_box(roi(130, 200, 264, extent=(105, 110, 160, 310)), STANDING)
    assert not fits_by_box(roi(130, 200, 264, extent=(100, 100, 400, 310)), STANDING)
    assert not fits_by_box(roi(130, 200, 264), STANDING)


def test_each_person_is_found_once_and_as_many_as_can_be():
    assert paired([[True, True], [True, False]]) == {0: 1, 1: 0}
    assert len(paired([[True], [True], [True]])) == 1
    assert paired([]) == {}


def test_false_alarms_count_where_everybody_is_marked():
    count = _Count([], [])
    for all_marked in (True, False):
        labels = Labels(size=SIZE, boxes=(STANDING,), all_marked=all_marked)
        boxes = [roi(130, 196, 264), roi(131, 197, 264), roi(500, 300, 200)]
        count.add(boxes, labels, lambda box, person: fits_by_roi(box, person, SIZE))
    total = count.total(2)
    assert (total.found, total.recall) == (2, 1.0)
    assert (total.false_alarms, total.false_alarms_a_picture) == (2, 2.0)


def labelled(tmp_path, boxes, size=(720, 1280), name="a.png"):
    frame = next(iter(open_source("sample")))
    (tmp_path / "truth").mkdir()
    cv2.imwrite(str(tmp_path / "a.png"), frame.image)
    content = {name: {"size": list(size), "boxes": boxes, "all_marked": True}}
    (tmp_path / "truth" / "people_boxes.json").write_text(json.dumps(content))
    return tmp_path


def test_the_person_of_a_picture_is_found_by_every_finder_and_the_report_is_read_back(
    tmp_path, monkeypatch
):
    root = labelled(tmp_path, [[110, 120, 600, 1010], [640, 1200, 700, 1270]])
    open_detectors = standing.count_open(monkeypatch, people_finder)
    report = evaluate_people(root)
    assert open_detectors == {}  # each is closed
    assert {row.detector for row in report.rows} == {*FINDERS, "nanodet, quick"}
    assert (report.people, report.picture_count, report.all_marked) == (2, 1, 1)
    for row in report.rows:
        assert (row.by_pose is None) == row.detector.endswith("quick")
        for found in (row.by_roi, row.by_pose or row.by_roi):
            assert (found.found, found.recall, found.false_alarms) == (1, 0.5, 0)
        assert row.search.n == 3
        assert 0 < row.search.min_ms <= row.search.p50_ms
        assert (row.by_box is None) == (row.detector == "blazepose")
    assert from_json(PeopleReport, to_json(report), "it") == report
    assert "nanodet" in people.finders_table(report).markdown
    assert "1 of 2" in people.pictures_table(report).markdown


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"size": (720, 1000)}, "a.png is 720x1280, its boxes are for 720x1000"),
        ({"name": "b.png"}, "there is no file .*b.png"),
        ({"name": "a.png@3"}, "a.png has no frame 3"),
        ({"name": "a.png@x"}, "wanted FILE or FILE@NUMBER"),
    ],
)
def test_labels_that_do_not_fit_their_pictures_are_refused(tmp_path, changes, error):
    root = labelled(tmp_path, [[110, 120, 600, 1010]], **changes)
    with pytest.raises(BadInput, match=error):
        list(LabelledPictures(root))


def test_a_folder_without_labels_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"there is no file .*people_boxes\.json"):
        LabelledPictures(tmp_path)
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / "people_boxes.json").write_text("{}")
    with pytest.raises(BadInput, match="names no picture"):
        LabelledPictures(tmp_path)


@pytest.mark.skipif(
    not (SHARED / "data" / "truth" / "people_boxes.json").is_file(),
    reason="the development data is not here",
)
def test_nanodet_finds_nine_of_ten_people_with_few_false_alarms():
    pictures = LabelledPictures(SHARED / "data")
    detect = detectors.open_detector("nanodet")
    count = _Count([], [])
    for frame in pictures:
        count.add(detect(frame), pictures.labels[frame.name], fits_by_box)
    total = count.total(sum(len(one.boxes) for one in pictures.labels.values()))
    assert total.recall >= 0.9
    assert total.false_alarms_a_picture <= 0.15
