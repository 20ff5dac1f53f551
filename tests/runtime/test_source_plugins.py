"""The contract of sources: each says which arguments it takes; what it opens is a Source."""

import inspect

import cv2
import numpy as np
import plugin_contract
import pytest

from edge3dpose import plugins
from edge3dpose.errors import BadInput
from edge3dpose.runtime import sources
from edge3dpose.runtime.sources import Source, SourcePlugin, sample

NAMES = plugins.names(sources.FOLDER)


@pytest.mark.parametrize("name", NAMES)
def test_every_source_keeps_the_contract(name):
    plugin = plugin_contract.check(sources.FOLDER, name, SourcePlugin)
    assert isinstance(plugin.priority, int)
    assert inspect.signature(plugin.open).parameters.keys() == {"arg"}
    assert plugin.takes("") in (True, False)


def test_importing_sources_loads_nothing_heavy():
    assert plugin_contract.loaded_with(sources.FOLDER) == []


def test_an_argument_goes_to_the_source_that_takes_it(tmp_path):
    photo, clip = tmp_path / "a.png", tmp_path / "a.mp4"
    photo.touch()
    clip.touch()
    wanted = {
        "sample": "sample",
        0: "camera",
        "gst:filesrc location=file:///x.mp4": "gstreamer",
        "rtsp://camera/": "stream",
        str(tmp_path): "images",
        str(photo): "images",
        str(clip): "video",
    }
    assert {arg: sources.find(arg).name for arg in wanted} == wanted
    with pytest.raises(BadInput, match=r"no file or folder 0; --source takes a video"):
        sources.find("0")


def test_a_video_file_can_be_given_to_other_programs(tmp_path):
    clip = tmp_path / "a.mp4"
    clip.touch()
    files = [sources.find(arg).video_file(arg) for arg in ("sample", str(clip), str(tmp_path))]
    assert files == [sample.FILE, clip, None]


def test_what_is_opened_is_a_source_with_every_attribute(tmp_path):
    cv2.imwrite(str(tmp_path / "one.png"), np.zeros((8, 8, 3), np.uint8))
    for arg in ("sample", str(sample.FILE), str(tmp_path)):
        opened = sources.open_source(arg)
        assert isinstance(opened, Source)
        assert (opened.name, opened.live, opened.dropped) == (arg, False, 0)
        frame = next(iter(opened))
        assert opened.age_s(frame) == 0
        opened.close()
        opened.close()
