"""A clip stamped at another rate, and that a camera is not."""

from contextlib import closing

import pytest

from edge3dpose.errors import BadInput
from edge3dpose.runtime.sources import Source, open_source
from edge3dpose.runtime.sources._restamped import AtRate


def test_frames_are_the_same_and_their_times_are_the_rates():
    with (
        closing(open_source("sample")) as plain,
        closing(AtRate(open_source("sample"), 30)) as fast,
    ):
        for _, a, b in zip(range(4), plain, fast, strict=False):
            assert (a.image == b.image).all()
            assert b.time_s == pytest.approx(b.index / 30)
            assert a.time_s == pytest.approx(a.index / 5)
        assert fast.frames == plain.frames


def test_a_live_source_is_not_stamped():
    class Live(Source):
        name, live, closed = "camera 0", True, False

        def close(self):
            self.closed = True

    live = Live()
    with pytest.raises(BadInput, match="camera 0 has a clock"):
        open_source(live, fps=30)
    assert live.closed


def test_a_read_that_waits_can_be_given_up():
    class Waiting(Source):
        given_up = False

        def cancel(self):
            self.given_up = True

    source = Waiting()
    AtRate(source, 30.0).cancel()
    assert source.given_up
