"""What a budget buys from measured points, and which of them nothing beats."""

import numpy as np
import pytest

from edge3dpose import models
from edge3dpose.metrics import deviation_mm
from edge3dpose.selection import pareto
from edge3dpose.selection.pareto import Point


def point(cut, p90_ms, error_mm, precision="fp32"):
    return Point(cut, "openvino", precision, "1", "key", 0.9 * p90_ms, p90_ms, 0.0, error_mm)


POINTS = [
    point(1, 4.0, 160.0),
    point(3, 5.0, 150.0),
    point(3, 4.5, 151.0, "int8"),
    point(7, 6.5, 140.0),
    point(7, 7.5, 141.0, "int8"),  # beaten in both
    point(11, 8.0, 136.0),
    point(24, 12.0, 138.0),  # slower and no better
]


def test_the_front_is_what_nothing_beats_in_both():
    assert [(p.cut, p.precision) for p in pareto.front(POINTS)] == [
        *((1, "fp32"), (3, "int8"), (3, "fp32"), (7, "fp32"), (11, "fp32"))
    ]
    rng = np.random.default_rng(3)
    many = [point(1, *rng.uniform(1, 9, 2)) for _ in range(60)]
    front = pareto.front(many)
    for one in many:
        beaten = [o for o in many if o.p90_ms <= one.p90_ms and o.error_mm < one.error_mm]
        assert (one in front) == (not beaten)


@pytest.mark.parametrize(
    ("within", "cut"),
    [
        ({"max_ms": 7.0}, 7),
        ({"max_ms": 100.0}, 11),
        ({"max_ms": 3.9}, None),
        ({"max_mm": 150.5}, 3),
        ({"max_mm": 139.0}, 11),
        ({"max_mm": 120.0}, None),
        ({"max_ms": 9.0, "max_mm": 141.0}, 11),  # in time, the best and not the quickest
        ({"max_ms": 6.0, "max_mm": 141.0}, None),
    ],
)
def test_a_budget_buys_the_best_in_time_or_the_quickest_within_an_error(within, cut):
    found = pareto.best(POINTS, **within)
    assert (found and found.cut) == cut
    if cut == 3:
        assert found.precision == "fp32"


def test_where_no_error_is_known_depth_stands_for_it():
    unknown = [point(1, 4.0, None), point(7, 6.5, None), point(3, 5.0, None)]
    assert pareto.best(unknown, max_ms=6.0).cut == 3
    assert [p.cut for p in pareto.front(unknown)] == [1, 3, 7]
    assert pareto.best(unknown, max_mm=500.0) is None
    assert pareto.best([*unknown, point(2, 4.5, 150.0)], max_ms=9.0).cut == 2  # known is better


def test_the_distance_from_fp32_is_in_millimetres_and_pelvis_aligned():
    spec = models.find("sspnet-lite")
    full = np.random.default_rng(0).random((5, 17, 4)).astype(np.float32)
    moved = full.copy()
    moved[:, :, 0] += 0.01  # everybody to the right: no pose has changed
    moved[:, 0, 2] += 0.3  # and farther away
    assert deviation_mm(moved, full, spec) == pytest.approx(0.0, abs=0.01)
    moved[:, 5, 1] += 0.02
    per_joint_mm = 0.02 * spec.crop_side_mm
    assert deviation_mm(moved, full, spec) == pytest.approx(per_joint_mm / np.sqrt(17), rel=1e-3)
