"""benchmarks/clips.py: what it counts, and a real clip in which somebody comes in."""

import importlib.util
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from edge3dpose import PoseEstimator
from edge3dpose.types import Frame, Pose3D

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "clips.py"
SHARED = Path(os.environ.get("EDGE3DPOSE_SHARED", Path(__file__).parents[3] / "shared"))
WORKER = SHARED / "data" / "videos" / "intel_preview_worker-zone-detection.gif"


@pytest.fixture(scope="module")
def clips():
    """The script, which is no package."""
    found = importlib.util.spec_from_file_location("clips", SCRIPT)
    module = importlib.util.module_from_spec(found)
    sys.modules["clips"] = module  # its dataclasses look themselves up
    found.loader.exec_module(module)
    return module


def person(track_id: int, x: float) -> Pose3D:
    """A skeleton 50 px wide and 100 px high."""
    pixels = np.zeros((17, 2), np.float32) + np.float32([x, 0])
    pixels[1] += [50, 100]
    return Pose3D(np.zeros((17, 3), np.float32), pixels, np.ones(17, np.float32), track_id=track_id)


def frames(people: list[list[Pose3D]]) -> list[tuple[Frame, list[Pose3D]]]:
    """At ten frames a second."""
    image = np.zeros((8, 8, 3), np.uint8)
    return [(Frame(image, n, n / 10), some) for n, some in enumerate(people)]


def test_what_is_counted(clips):
    one, twin, other = person(1, 0), person(2, 10), person(3, 300)
    seen = frames([[], [one], [one, twin], [one, other], [], [], [other], [other]])
    clip = clips.Clip("a.mp4", people=2, at_a_time=1, entries=(0, 4), empty=((4, 6),))
    assert clips.counts(seen, clip) == {
        "identities": 3, "people_a_frame": 7 / 8, "most": 2, "too_many": 2, "duplicates": 1,
        "in_empty": 1,
    }  # fmt: skip
    found = clips.entries(seen, clip)
    assert found["found_last_s"] == pytest.approx(0.2)
    assert found["found_soon"] == 1.0
    never = clips.entries(frames([[]] * 8), clip)
    assert (never["found_last_s"], never["found_soon"]) == (None, 0.0)


@pytest.mark.skipif(not WORKER.is_file(), reason="the development data is not there")
def test_a_worker_who_comes_in_is_found_at_once_and_is_one_person(clips):
    (clip,) = (one for one in clips.CLIPS if one.file == WORKER.name)
    with PoseEstimator(precision="fp32") as pose:
        seen = list(pose.stream(str(WORKER)))
    counted = clips.counts(seen, clip)
    assert (counted["identities"], counted["most"], counted["duplicates"]) == (1, 1, 0)
    assert clips.entries(seen, clip)["found_soon"] == 1.0
