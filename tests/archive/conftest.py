"""Small clips of a person, the pipeline over them, and what `run` writes of each."""

from __future__ import annotations

import clips
import pytest

from edge3dpose.archive.clips import find_clips
from edge3dpose.archive.job import settled
from edge3dpose.pose import PoseEstimator
from edge3dpose.runtime.sources import open_source

PIPELINE = {"cut": 1, "precision": "fp32", "backend": "onnxruntime", "threads": 1}
NAMES = {
    "one.mp4": (0, 8),
    "deep/two.mp4": (10, 22),
    "deep/three.mp4": (20, 30),
    "four.mkv": (5, 9),
}


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Four clips of the sample, and a file that is no clip."""
    place = tmp_path_factory.mktemp("clips")
    (place / "deep").mkdir()
    images = [frame.image for frame, _ in zip(open_source("sample"), range(30), strict=False)]
    for name, (first, end) in NAMES.items():
        clips.write(place / name, images[first:end])
    (place / "notes.txt").write_text("no clip")
    return place


@pytest.fixture(scope="session")
def estimator(tmp_path_factory):
    """Arguments of PoseEstimator: the shipped network, its first cut."""
    return {**PIPELINE, "engines": tmp_path_factory.mktemp("engines")}


@pytest.fixture(scope="session")
def pipeline(estimator):
    """The same, as options of the command."""
    return [word for name, value in estimator.items() for word in (f"--{name}", str(value))]


@pytest.fixture
def job(estimator, tmp_path):
    """Poses as JSON lines."""
    return settled(estimator, tmp_path / "out", "jsonl")[0]


@pytest.fixture(scope="session")
def expected(folder, estimator, tmp_path_factory):
    """Clip -> the poses file that a run over it alone writes, an estimator a clip."""
    out, found = tmp_path_factory.mktemp("expected"), {}
    for number, clip in enumerate(find_clips(folder, out)):
        file = out / f"{number}.jsonl"
        with PoseEstimator(**estimator) as pose:
            pose.run(clip.path, outputs={"jsonl": file})
        found[clip.key] = file.read_bytes()
    assert set(found) == set(NAMES)
    assert all(b'"people":[{' in content for content in found.values())
    return found


@pytest.fixture(scope="session")
def parts_of():
    """The parts in a folder, by clip; checks that nothing else lies there."""

    def parts(out, suffix="jsonl"):
        files = [file for file in (out / "parts").rglob("*") if file.is_file()]
        return {
            file.relative_to(out / "parts").as_posix().removesuffix(f".{suffix}"): file.read_bytes()
            for file in files
        }

    return parts
