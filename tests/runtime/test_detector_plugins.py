"""The contract of detectors: boxes of a frame, window by window, with no track between sources."""

from contextlib import closing

import numpy as np
import plugin_contract
import pytest

from edge3dpose import plugins
from edge3dpose.errors import BadInput
from edge3dpose.runtime import detectors
from edge3dpose.runtime.detectors import Detector, DetectorPlugin
from edge3dpose.runtime.sources import open_source
from edge3dpose.types import Box, Frame

NAMES = detectors.names()


@pytest.mark.parametrize("name", NAMES)
def test_every_detector_keeps_the_contract(name):
    plugin = plugin_contract.check(detectors.FOLDER, name, DetectorPlugin)
    assert plugin.summary
    assert f"{name}: {plugin.summary}" in detectors.summary()


@pytest.mark.parametrize("related", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_every_detector_gives_boxes_and_closes_twice(name, related):
    detector = detectors.open_detector(name).for_source(related=related)
    assert isinstance(detector, Detector)
    assert detector.exact_boxes in (True, False)
    with closing(open_source("sample")) as source:
        frame = next(iter(source))
    boxes = detector(frame)
    assert len(boxes) == 1
    assert all(isinstance(box, Box) for box in boxes)
    detector.close()
    detector.close()


@pytest.mark.parametrize("name", NAMES)
def test_two_sources_share_no_track(name):
    opened = detectors.open_detector(name)
    black = Frame(np.zeros((64, 64, 3), np.uint8), 0, 5.0)
    first = opened.for_source(related=True)
    expected = [box.track_id for box in first(black)]
    # an earlier time would be an error in the state of the first source
    again = opened.for_source(related=True)
    assert [box.track_id for box in again(Frame(black.image, 0, 0.0))] == expected


def test_importing_detectors_loads_nothing_heavy():
    assert plugin_contract.loaded_with(detectors.FOLDER) == []


def test_the_default_is_a_detector_and_an_unknown_one_is_refused():
    assert detectors.DEFAULT in plugins.names(detectors.FOLDER)
    with pytest.raises(BadInput, match="no detector called 'x'; there is: blazepose, follow"):
        detectors.find("x")
