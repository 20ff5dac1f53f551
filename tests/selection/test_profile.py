"""A profile is found again where it holds, and elsewhere the reason is said."""

import json

import pytest

from edge3dpose.selection import profile
from edge3dpose.selection.pareto import Point

POINT = Point(3, "openvino", "int8", "1.2", "key", 4.0, 5.0, 30.0, None)


@pytest.fixture
def wanted(small_weights, tmp_path, monkeypatch):
    monkeypatch.setenv("EDGE3DPOSE_HOME", str(tmp_path))
    return profile.identity(small_weights, None)


def test_what_was_saved_is_found_with_the_errors_that_the_card_has_now(wanted):
    assert profile.look_up(wanted, {}) == profile.Lookup(None, "")
    file = profile.save(wanted, [POINT], 2.5, {"plan": {"rounds": 3}})
    content = json.loads(file.read_text())
    assert content["schema"] == "edge3dpose.profile/1"
    assert content["plan"] == {"rounds": 3}
    assert "error_mm" not in content["points"][0]
    found = profile.look_up(wanted, {3: 40.0}).profile
    assert found.other_stages_ms == 2.5
    assert found.points[0].error_mm == pytest.approx(50.0)  # 40 and 30, in squares
    assert profile.look_up(wanted, {}).profile.points == (POINT,)


@pytest.mark.parametrize(
    ("what", "there"),
    [("processor", "another CPU"), ("cores", 64), ("threads", 3), ("weights_sha256", "ab" * 32)],
)
def test_elsewhere_it_is_not_used_and_the_difference_is_named(wanted, what, there):
    profile.save(wanted | {what: there}, [POINT], 2.5, {})
    found = profile.look_up(wanted, {})
    assert found.profile is None
    assert f"differs in {what}: {str(there)[:12]}" in found.reason
    assert found.reason.endswith(" here")


def test_another_models_profile_is_nobodys(wanted):
    profile.save(wanted | {"model": wanted["model"] + "-2"}, [POINT], 2.5, {})
    assert profile.look_up(wanted, {}) == profile.Lookup(None, "")


@pytest.mark.parametrize("text", ["", "[]", '{"schema": "edge3dpose.profile/1", "points": [{}]}'])
def test_a_damaged_one_is_said_to_be(wanted, text):
    profile.save(wanted, [POINT], 2.5, {}).write_text(text)
    found = profile.look_up(wanted, {})
    assert found.profile is None
    assert "cannot be read" in found.reason
