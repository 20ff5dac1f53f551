"""Stretches of video files: the frames and times of the whole file, in every container."""

import clips
import numpy as np
import pytest

from edge3dpose.runtime.sources import open_source
from edge3dpose.runtime.sources._section import Reach, Section, frame_times

KEYS = "keyint=12:min-keyint=12:scenecut=0:bframes=2"
UNEVEN = np.cumsum(np.random.default_rng(0).uniform(0.02, 0.3, 48)).tolist()
KINDS = {
    "a.mp4": {},
    "b.mkv": {},
    "c.ts": {},
    "d.avi": {"codec": "mpeg4"},
    "uneven.mp4": {"times_s": UNEVEN},
    "uneven.mkv": {"times_s": UNEVEN},
    "open.mp4": {"keys": f"{KEYS}:open-gop=1"},
    "open.ts": {"keys": f"{KEYS}:open-gop=1"},
    "e.webm": {"codec": "libvpx-vp9"},
}


def write(file, count=48, keys=KEYS, **settings):
    return clips.write(
        file, clips.moving(count), options={"x264-params": keys, "g": "12"}, **settings
    )


def seen(source):
    return [(frame.time_s, frame.image) for frame in source]


@pytest.mark.parametrize("name", KINDS)
def test_sections_have_the_frames_of_the_whole(tmp_path, name):
    file = write(tmp_path / name, **KINDS[name])
    whole = seen(open_source(file))
    times = frame_times(file)
    assert times.times_s == pytest.approx([time_s for time_s, _ in whole], abs=1e-9)
    assert len(times.keys_s) == 4
    for first_s, until_s in zip(times.keys_s, [*times.keys_s[2:], None, None], strict=True):
        section = Section(file, Reach(float(first_s), until_s, times.origin_s))
        found = seen(section)
        section.close()
        end_s = np.inf if until_s is None else until_s
        wanted = [one for one in whole if first_s - 1e-6 <= one[0] < end_s]
        assert [time_s for time_s, _ in found] == [time_s for time_s, _ in wanted]
        assert all((a == b).all() for (_, a), (_, b) in zip(found, wanted, strict=True))


@pytest.mark.parametrize("name", ["raw.h264", "no_times.avi"])
def test_what_cannot_be_read_from_the_middle(tmp_path, name):
    assert frame_times(write(tmp_path / name)) is None
