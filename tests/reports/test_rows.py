"""The committed reports are read whole; what is wrong in one is one line."""

import json
from pathlib import Path

import pytest
from speed_reports import report, row

from edge3dpose.errors import BadInput
from edge3dpose.records import to_json
from edge3dpose.reports import rows
from edge3dpose.reports.accuracy_rows import AblationReport, AccuracyReport
from edge3dpose.reports.archive_rows import ArchiveReport, ReadingReport
from edge3dpose.reports.build_rows import BuildReport
from edge3dpose.reports.camera_rows import CamerasReport
from edge3dpose.reports.governor_rows import GovernorReport
from edge3dpose.reports.growth_rows import GrowthReport

KINDS = {
    f"edge3dpose.{kind.KIND}/1": kind
    for kind in (
        *(rows.SpeedReport, BuildReport, AccuracyReport, AblationReport, GovernorReport),
        *(ArchiveReport, ReadingReport, CamerasReport, GrowthReport),
    )
}
COMMITTED = {
    file: kind
    for file in sorted((Path(__file__).parents[2] / "benchmarks").glob("*.json"))
    if (kind := KINDS.get(json.loads(file.read_text(encoding="utf-8"))["schema"]))
}


@pytest.mark.parametrize("file", COMMITTED, ids=lambda file: file.stem)
def test_a_committed_report_is_written_again_as_it_was(file):
    assert to_json(rows.load(COMMITTED[file], file)) == json.loads(file.read_text(encoding="utf-8"))


def test_there_are_reports_of_every_kind():
    assert set(COMMITTED.values()) == set(KINDS.values())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": [{"cut": 1}]}, r"rows\[0\]\.backend is missing$"),
        ({"fps": "30"}, "fps is '30', wanted a number$"),
        ({"machine": None}, "machine is None, wanted an object$"),
        ({"schema": "edge3dpose.accuracy/1"}, "wanted 'edge3dpose.speed/1'$"),
    ],
)
def test_what_is_wrong_in_a_report_is_named(tmp_path, change, message):
    file = tmp_path / "a.json"
    file.write_text(json.dumps(report([row(1, 1, ms=5, whole_ms=9)]) | change))
    with pytest.raises(BadInput, match=message) as caught:
        rows.load(rows.SpeedReport, file)
    assert str(caught.value).startswith(str(file))


def test_an_engines_own_deviation_is_in_its_error():
    speed = report([row(1, 1, ms=5, whole_ms=9, mpjpe_mm=60.0) | {"deviation_mm": 25.0}])
    (one,) = rows.from_json(rows.SpeedReport, speed, "a").rows
    assert one.error_mm() == 65.0
    assert one.error_mm("pck150") is None
