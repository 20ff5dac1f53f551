"""A file dropped into a plugin folder is all that a new choice takes: nothing else names it."""

import importlib
import subprocess
import sys

import numpy as np
import pytest
import standing

from edge3dpose import models, paths, plugins
from edge3dpose.engine_types import Engine
from edge3dpose.runtime import backends, detectors, filters, sinks, sources
from edge3dpose.runtime.sinks import SinkContext

FILES = {
    "runtime/backends/made_up.py": '''
"""A backend for ONNX files that counts its calls."""
from edge3dpose import manifest
from edge3dpose.runtime.backends import Backend
from edge3dpose.engine_types import Engine


class Counting(Engine):
    def __init__(self, session, head):
        self.session, self.head, self.calls = session, head, 0

    def __call__(self, images):
        self.calls += 1
        return self.session.run([self.head], {"images": images})[0]


class MadeUp(Backend):
    name = "made-up"
    package = "onnxruntime"
    install = "pip install onnxruntime"
    precisions = ("fp32",)

    def version(self):
        return "7"

    def open_engine(self, path, spec, *, threads=None):
        import onnxruntime

        made = manifest.verify(path)
        manifest.check_fits(made, spec, self.name)
        return Counting(onnxruntime.InferenceSession(str(path)), spec.head(made.cut))


PLUGIN = MadeUp()
''',
    "runtime/sources/grey.py": '''
"""Grey frames, grey:COUNT."""
import numpy as np

from edge3dpose.runtime.sources import Source, SourcePlugin
from edge3dpose.types import Frame


class Grey(Source):
    fps = 10.0

    def __init__(self, name):
        self.name, self.frames = name, int(name.split(":")[1])

    def __iter__(self):
        for index in range(self.frames):
            yield Frame(np.full((96, 96, 3), 128, np.uint8), index, index / self.fps)


class GreyPlugin(SourcePlugin):
    name = "grey"

    def takes(self, arg):
        return str(arg).startswith("grey:")

    def open(self, arg):
        return Grey(arg)


PLUGIN = GreyPlugin()
''',
    "runtime/detectors/top_left.py": '''
"""One person in the top left quarter."""
from edge3dpose.runtime.detectors import Detector, DetectorPlugin
from edge3dpose.types import Box


class TopLeft(Detector):
    exact_boxes = True

    def __call__(self, frame):
        height, width = frame.image.shape[:2]
        return [Box(0, 0, width / 2, height / 2, track_id=5)]


class TopLeftPlugin(DetectorPlugin):
    name = "top-left"
    summary = "one person in the top left quarter"

    def open(self, *, bf16=False):
        return TopLeft()


PLUGIN = TopLeftPlugin()
''',
    "runtime/filters/lower.py": '''
"""Moves people down."""
from dataclasses import replace

from edge3dpose.plugins import PluginOption
from edge3dpose.runtime.filters import Filter, FilterPlugin


class Lower(Filter):
    def __init__(self, by_mm):
        self.by_mm = by_mm

    def __call__(self, frame, poses):
        return [replace(pose, root_mm=pose.root_mm + (0, self.by_mm, 0)) for pose in poses]


class LowerPlugin(FilterPlugin):
    name = "lower"
    order = 95
    options = (PluginOption("--lower-mm", "Move people down.", kind=float, minimum=0),)

    def is_on(self, values):
        return values["lower_mm"] is not None

    def open(self, values):
        return Lower(values["lower_mm"])

    def header(self, values, *, on):
        return {"lowered_mm": values["lower_mm"]} if on else {}


PLUGIN = LowerPlugin()
''',
    "runtime/sinks/tally.py": '''
"""A line a frame: the person's number and the height of the root."""
from pathlib import Path

from edge3dpose.plugins import PluginOption
from edge3dpose.runtime.sinks import Sink, SinkPlugin


class Tally(Sink):
    def __init__(self, path, header):
        self.path, self.lines = path, [f"{header.get('backend')} {header.get('lowered_mm')}"]

    def __call__(self, frame, poses):
        self.lines += [f"{pose.track_id} {pose.root_mm[1]:.3f}" for pose in poses]

    def close(self):
        self.path.write_text("\\n".join(self.lines))


class TallyPlugin(SinkPlugin):
    name = "tally"
    options = (PluginOption("--tally", "Write a tally.", kind=Path),)

    def is_on(self, values):
        return values["tally"] is not None

    def open(self, values, context):
        return Tally(values["tally"], context.header)


PLUGIN = TallyPlugin()
''',
    "models/made_up_net.py": '''
"""A model."""
from dataclasses import replace

from edge3dpose.models.sspnet import SSPNET_LITE

SPECS = (replace(SSPNET_LITE, name="made-up-net"),)
''',
}
FOLDERS = sorted({file.rpartition("/")[0] for file in FILES})
WITH_FOLDER = """
import importlib, sys
place, *folders = sys.argv[1].split(",")
for folder in folders:
    package = importlib.import_module("edge3dpose." + folder.replace("/", "."))
    package.__path__.append(f"{place}/{folder}")
from edge3dpose.cli import cli
cli(sys.argv[2:], prog_name="edge3dpose")
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The files in folders like the package's own, and weights of the model."""
    place = tmp_path_factory.mktemp("dropped")
    for file, text in FILES.items():
        (place / file).parent.mkdir(parents=True, exist_ok=True)
        (place / file).write_text(text, encoding="utf-8")
    return place


@pytest.fixture
def dropped(place, monkeypatch):
    """The folders as parts of the package, for this process."""
    for folder in FOLDERS:
        package = importlib.import_module("edge3dpose." + folder.replace("/", "."))
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(place / folder)])
    for file in FILES:
        module = "edge3dpose." + file.removesuffix(".py").replace("/", ".")
        monkeypatch.setitem(sys.modules, module, None)
        monkeypatch.delitem(sys.modules, module)
    return place


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Weights of the model, which see a standing adult everywhere."""
    folder = tmp_path_factory.mktemp("weights")
    file = standing.write_weights(folder, standing.unit_pose())
    models.write_card(file, {"model": "made-up-net", "sha256": paths.sha256_of(file), "cuts": {}})
    return file


def test_a_dropped_file_is_found_by_its_registry(dropped, tmp_path):
    assert "made-up" in backends.names()
    assert backends.find("made-up").unsupported_reason("int8").endswith("take fp32")
    assert "top-left" in detectors.names()
    assert "one person in the top left quarter" in detectors.summary()
    assert detectors.open_detector("top-left").exact_boxes
    assert "lower_mm" in [option.name for option in filters.options()]
    assert "tally" in [option.name for option in sinks.options()]
    assert models.find("made-up-net").cuts == 24
    assert [frame.index for frame in sources.open_source("grey:3")] == [0, 1, 2]
    *_, lower = filters.open_all({"lower_mm": 5.0})  # the last in order
    assert lower.by_mm == 5
    (tally,) = sinks.open_all({"tally": tmp_path / "tally.txt"}, SinkContext())
    tally.close()
    assert (tmp_path / "tally.txt").read_text() == "None None"


def test_a_dropped_backend_runs_an_engine_of_the_compiler(dropped, weights, tmp_path):
    from edge3dpose.engine_types import EngineRequest
    from edge3dpose.selection.defaults import resolve
    from edge3dpose.selection.engine import open_engine

    config = resolve(EngineRequest("made-up-net", weights, 3, "fp32", "made-up"))
    engine = open_engine(config, tmp_path)
    assert isinstance(engine, Engine)
    images = np.zeros((1, 3, 256, 256), np.float32)
    assert np.allclose(engine(images)[0], standing.unit_pose(), atol=1e-6)
    assert engine.calls == 1
    engine.close()


def run(place, *arguments):
    code = [sys.executable, "-c", WITH_FOLDER, ",".join([str(place), *FOLDERS])]
    return subprocess.run(
        [*code, *map(str, arguments)], capture_output=True, text=True, check=False
    )


def test_the_command_line_uses_all_of_them(place, weights, tmp_path):
    tally = tmp_path / "tally.txt"
    fixed = ["--model", "made-up-net", "--weights", weights, "--engines", tmp_path / "engines"]
    done = run(
        place,
        *("run", "--source", "grey:4", *fixed, "--cut", 3, "--precision", "fp32"),
        *("--backend", "made-up", "--detector", "top-left", "--no-smooth", "--lift", "none"),
        *("--lower-mm", 12.5, "--tally", tally),
    )
    assert done.returncode == 0, done.stderr
    first, *lines = tally.read_text().splitlines()
    assert first == "made-up 12.5"
    assert len(lines) == 4
    assert len(set(lines)) == 1
    number, down_mm = lines[0].split()
    assert number == "5"
    again = run(
        place,
        *("run", "--source", "grey:1", *fixed, "--cut", 3, "--precision", "fp32"),
        *("--backend", "made-up", "--detector", "top-left", "--no-smooth", "--lift", "none"),
        *("--tally", tally, "--overwrite"),
    )
    assert again.returncode == 0, again.stderr
    assert float(down_mm) - float(tally.read_text().split()[-1]) == pytest.approx(12.5, abs=2e-3)
    assert f"wrote {tally}" in done.stderr


def test_the_help_lists_them(place):
    done = run(place, "run", "--help")
    assert done.returncode == 0, done.stderr
    for word in ("--tally", "--lower-mm", "made-up", "top-left"):
        assert word in done.stdout


def test_a_choice_that_comes_while_the_program_runs_is_seen(tmp_path, monkeypatch):
    from edge3dpose.runtime import sinks

    monkeypatch.setattr(sinks, "__path__", [*sinks.__path__, str(tmp_path)])
    before = plugins.names("runtime.sinks")
    (tmp_path / "of_today.py").write_text("PLUGIN = None\n", encoding="utf-8")
    assert set(plugins.names("runtime.sinks")) - set(before) == {"of-today"}
