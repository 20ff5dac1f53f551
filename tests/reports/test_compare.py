"""Reports that differ in a known way, compared."""

import copy

import pytest
from speed_reports import peer, report, row, typed

from edge3dpose.errors import BadInput
from edge3dpose.reports import compare as comparing
from edge3dpose.reports.compare import Comparison, median_ratio


def compare(first: dict, second: dict) -> Comparison:
    return comparing.compare(typed(first), typed(second))


def old():
    return report(
        [
            row(1, 1, ms=5, whole_ms=12),
            row(8, 2, ms=10, whole_ms=17),
            row(16, 3, ms=20, whole_ms=27),
        ]
    )


def test_each_engine_is_compared_alone_and_end_to_end():
    new = report(
        [
            row(1, 11, ms=5, whole_ms=12),
            row(8, 12, ms=12, whole_ms=19, mpjpe_mm=57.5),
            row(24, 13, ms=30, whole_ms=37),
        ]
    )
    found = compare(old(), new)
    same, slower = found.rows
    assert same.name == "cut 1, openvino fp32"
    assert (same.engine.outcome, same.end_to_end.outcome) == ("no difference", "no difference")
    assert slower.engine.outcome == "slower"
    assert slower.engine.ratio == pytest.approx(1.2, abs=0.04)
    assert slower.end_to_end.outcome == "slower"
    assert slower.error_mm == (60.0, 57.5)
    assert found.only_old == ("cut 16, openvino fp32",)
    assert found.only_new == ("cut 24, openvino fp32",)
    backwards = compare(new, old())
    assert backwards.rows[1].engine.outcome == "faster"


def test_a_report_is_no_different_from_itself():
    found = compare(old(), old())
    assert {row.engine.outcome for row in found.rows} == {"no difference"}
    assert found.differences == ()
    assert found.not_compared == ""


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("processor", "Another"),
        ("cores", 8),
        ("gpus", ["A card"]),
        ("clocks", {"governor": ["no"]}),
    ],
)
def test_times_of_different_machines_are_not_compared(place, value):
    new = old()
    new["machine"] = {**new["machine"], place: value}
    found = compare(old(), new)
    assert found.not_compared
    assert all(row.engine is None and row.end_to_end is None for row in found.rows)
    assert all(row.error_mm == (60.0, 60.0) for row in found.rows)  # errors know no machine
    assert "Times are not compared" in " ".join(found.notes)


def test_a_report_that_does_not_tell_of_its_clocks_can_be_compared():
    new = old()
    del new["machine"]["clocks"]
    assert compare(new, old()).not_compared == ""


def test_other_frames_leave_the_engine_alone():
    assert compare(old(), old() | {"fps": 30.0}).rows[0].end_to_end is None
    new = old() | {"source": "clip.mp4", "frame_size": "1920x1080"}
    found = compare(old(), new)
    assert all(
        row.engine.outcome == "no difference" and row.end_to_end is None for row in found.rows
    )
    assert "source sample -> clip.mp4" in found.differences


def test_what_changed_besides_is_told():
    new = copy.deepcopy(old())
    new["machine"]["versions"]["numpy"] = "2.1"
    new["rows"][0]["threads"] = 2
    new["weights_sha256"] = "b" * 64
    found = compare(old(), new)
    assert found.differences == ("numpy 2.0 -> 2.1", f"weights sha256 {'a' * 12} -> {'b' * 12}")
    assert found.rows[0].notes == ("threads None -> 2",)


def test_what_all_engines_share_is_told_apart():
    new = report(
        [row(n, n + 20, ms=ms * 1.3, whole_ms=ms) for n, ms in ((1, 5), (8, 10), (16, 20))]
    )
    found = compare(old(), new)
    assert median_ratio(row.engine for row in found.rows) == pytest.approx(1.3, abs=0.04)
    assert any("1.3" in line and "may be the machine" in line for line in found.notes)


def test_other_work_on_the_machine_is_told():
    new = old()
    assert compare(old(), new).busy == ""
    new["machine"]["load_average"] = [3.0, 1.0, 1.0]
    found = compare(old(), new)
    assert found.busy == "load average 3 on 4 cores before the new report"
    assert any(line.startswith("The machine was busy: ") for line in found.notes)


def test_peers_are_compared_too_and_models_are_not():
    error = {"synthetic": {"mpjpe_mm": 150.0, "people": 100, "seen": 90}}
    first = old() | {"peers": [peer("rival", whole_ms=20, error=error)]}
    second = old() | {"peers": [peer("rival", whole_ms=30, error=error)]}
    rival = compare(first, second).rows[-1]
    assert (rival.name, rival.engine, rival.end_to_end.outcome) == ("rival", None, "slower")
    with pytest.raises(BadInput, match="nothing to compare"):
        compare(old(), old() | {"model": "another"})
