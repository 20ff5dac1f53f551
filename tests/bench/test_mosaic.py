"""A mosaic holds so many people, each of whom moves, in a frame of 720p."""

import numpy as np
import pytest

from edge3dpose.bench.mosaic import FPS, HEIGHT, WIDTH, Mosaic, make_mosaic
from edge3dpose.runtime.detectors import open_detector
from edge3dpose.runtime.sources import open_source
from edge3dpose.types import Frame


@pytest.mark.parametrize("people", [1, 2, 5, 10])
def test_everybody_in_a_mosaic_is_found(people):
    images = make_mosaic(people, lambda: open_source("sample"))
    assert images[0].shape == (HEIGHT, WIDTH, 3)
    assert not (images[0] == images[1]).all()
    found = open_detector("nanodet")(Frame(np.ascontiguousarray(images[0]), 0, 0.0))
    assert abs(len(found) - people) <= 1


def test_a_mosaic_runs_there_and_back_with_even_stamps():
    images = [np.full((4, 4, 3), n, np.uint8) for n in range(3)]
    frames = list(Mosaic(images, 8))
    assert [int(frame.image[0, 0, 0]) for frame in frames] == [0, 1, 2, 2, 1, 0, 0, 1]
    assert [frame.time_s for frame in frames] == [n / FPS for n in range(8)]
