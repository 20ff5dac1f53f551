"""The contract of filters: options that turn them on, an order, and what a header says of them."""

import numpy as np
import plugin_contract
import pytest
from standing import JOINTS_MM

from edge3dpose import plugins
from edge3dpose.errors import BadInput
from edge3dpose.runtime import filters
from edge3dpose.runtime.filters import Filter, FilterPlugin
from edge3dpose.runtime.filters.body_height import BodyHeight
from edge3dpose.runtime.filters.bone_length import BoneLength
from edge3dpose.runtime.filters.one_euro import OneEuro
from edge3dpose.runtime.filters.outside import Outside
from edge3dpose.runtime.filters.steady_bones import SteadyBones
from edge3dpose.runtime.filters.temporal_lift import TemporalLift
from edge3dpose.types import Frame, Pose3D

NAMES = plugins.names(filters.FOLDER)
ALL_ON = {"height_cm": 180.0, "bones": True, "smooth": True}
FRAME = Frame(np.zeros((8, 8, 3), np.uint8), 0, 0.0)


def known(values):
    return plugins.with_defaults(filters.options(), values)


def person(root_mm):
    return Pose3D(JOINTS_MM, np.zeros((17, 2), np.float32), np.ones(17, np.float32), root_mm)


@pytest.mark.parametrize("name", NAMES)
def test_every_filter_keeps_the_contract(name):
    plugin = plugin_contract.check(filters.FOLDER, name, FilterPlugin)
    plugin_contract.check_options(plugin.options)
    assert plugin.options or plugin.is_on(known({}))  # who cannot be asked for is always on
    assert isinstance(plugin.order, int)
    assert plugin.is_on(known({})) in (True, False)
    for on in (True, False):
        assert isinstance(plugin.header(known(ALL_ON), on=on), dict)


@pytest.mark.parametrize("name", NAMES)
def test_every_filter_takes_people_with_and_without_a_place_and_nobody(name):
    opened = plugins.find(filters.FOLDER, name).open(known(ALL_ON))
    assert isinstance(opened, Filter)
    assert opened(FRAME, []) == []
    for root_mm in (None, np.array([0, 0, 3000], np.float32)):
        (pose,) = opened(FRAME, [person(root_mm)])
        assert (pose.root_mm is None) == (root_mm is None)
        assert np.isfinite(pose.joints_mm).all()


def test_importing_filters_loads_nothing_heavy():
    assert plugin_contract.loaded_with(filters.FOLDER) == []


def test_filters_are_opened_in_their_order():
    kinds = [type(one) for one in filters.open_all(ALL_ON)]
    assert kinds == [TemporalLift, SteadyBones, BodyHeight, BoneLength, OneEuro, Outside]
    by_default = [type(one) for one in filters.open_all({})]
    assert by_default == [TemporalLift, SteadyBones, OneEuro, Outside]
    (left,) = filters.open_all({"smooth": False, "lift": "none", "steady_bones": False})
    assert isinstance(left, Outside)


def test_unrelated_images_are_not_smoothed_and_the_header_says_so():
    assert [type(one) for one in filters.open_all(ALL_ON, related=False)] == [
        TemporalLift,
        BodyHeight,
        BoneLength,
        Outside,
    ]
    assert filters.header({})["smoothing"] == "one-euro on joints_mm and root_mm"
    assert filters.header({}, related=False) == {
        "lift": "temporal",
        "steady_bones": False,
        "correction": None,
        "smoothing": None,
    }
    assert filters.header(ALL_ON)["root_depth"] == "by the bones of people of 180 cm"


def test_values_that_contradict_each_other_are_refused():
    with pytest.raises(BadInput, match="leave out --height-cm"):
        filters.check({"height_cm": 180.0, "root_depth": "network"})
    filters.check({"root_depth": "bones"})
