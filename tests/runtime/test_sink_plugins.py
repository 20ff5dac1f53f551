"""The contract of sinks: options that turn them on, a default output, all open or none."""

from dataclasses import replace
from pathlib import Path

import moving
import numpy as np
import plugin_contract
import pytest

from edge3dpose import plugins
from edge3dpose.errors import BadInput, MissingDependency
from edge3dpose.runtime import sinks
from edge3dpose.runtime.sinks import Sink, SinkContext, SinkPlugin
from edge3dpose.types import Frame

NAMES = plugins.names(sinks.FOLDER)
SOMEBODY = moving.poses_of(moving.joints_mm(np.random.default_rng(0), moving.stick_rig(), 1))
FRAME = Frame(np.zeros((64, 64, 3), np.uint8), 0, 0.0)


@pytest.mark.parametrize("name", NAMES)
def test_every_sink_keeps_the_contract(name):
    plugin = plugin_contract.check(sinks.FOLDER, name, SinkPlugin)
    plugin_contract.check_options(plugin.options)
    assert plugin.options
    off = plugins.with_defaults(sinks.options(), {})
    assert not plugin.is_on(off)  # nothing is written unless it is asked for
    default = plugin.default_values("x", off)
    if default:
        assert plugin.is_on(off | default)


def writes(name):
    plugin = plugins.find(sinks.FOLDER, name)
    return plugin.output and any(option.kind is Path for option in plugin.options)


@pytest.mark.parametrize("name", [name for name in NAMES if writes(name)])
def test_every_file_appears_in_close_and_never_after_discard(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plugin = plugins.find(sinks.FOLDER, name)
    files = {option.name: Path("x.out") for option in plugin.options if option.kind is Path}
    given = files | plugin.default_values("x", {})
    values = plugins.with_defaults(sinks.options(), given)
    for end in ("discard", "close"):
        sink = plugin.open(values, SinkContext(fps=10.0))
        assert isinstance(sink, Sink)
        for n in range(12):  # sinks of motion want to see somebody for a while
            sink(replace(FRAME, index=n, time_s=n / 10), SOMEBODY)
        sink.flush()
        assert not sink.path.exists()
        getattr(sink, end)()
        assert sink.path.exists() == (end == "close")
        getattr(sink, end)()


def test_a_sink_may_leave_everything_but_its_call_to_the_base_class():
    class Counts(Sink):
        def __call__(self, frame, poses):
            self.frames = 1

    sink = Counts()
    sink(FRAME, [])
    sink.flush()
    sink.close()
    sink.discard()
    assert (sink.skips, sink.main_thread, sink.path) == (False, False, None)


def test_importing_sinks_loads_nothing_heavy():
    assert plugin_contract.loaded_with(sinks.FOLDER) == []


def test_without_an_output_a_file_gives_files_and_a_live_source_a_window():
    files = sinks.with_default_output({}, "clips/my clip.mp4", live=False)
    assert (files["jsonl"], files["save"]) == (
        Path("my_clip.poses.jsonl"),
        Path("my_clip.poses.mp4"),
    )
    assert not files["show"]
    live = sinks.with_default_output({}, "camera 0", live=True)
    assert (live["show"], live["jsonl"], live["save"]) == (True, None, None)
    hidden = sinks.with_default_output({"show": False}, "camera 0", live=True)
    assert hidden["jsonl"] == Path("camera0.poses.jsonl")
    asked = sinks.with_default_output({"jsonl": Path("a.jsonl")}, "camera 0", live=True)
    assert (asked["jsonl"], asked["save"], asked["show"]) == (Path("a.jsonl"), None, None)


def test_the_source_is_not_written_over(tmp_path):
    clip = tmp_path / "clip.mp4"
    clip.touch()
    with pytest.raises(BadInput, match="is the source itself"):
        sinks.check({"save": clip}, str(clip))
    with pytest.raises(BadInput, match=r"ends in \.mp4"):
        sinks.check({"save": tmp_path / "a.avi"}, "sample")


def test_no_picture_of_the_folder_that_is_read_is_written_over(tmp_path):
    for name in ("a.JPG", "out.jsonl"):
        (tmp_path / name).touch()
    with pytest.raises(BadInput, match="is a picture of the source"):
        sinks.check({"jsonl": tmp_path / "a.JPG", "overwrite": True}, str(tmp_path))
    sinks.check({"jsonl": tmp_path / "out.jsonl", "overwrite": True}, str(tmp_path))


def test_where_one_sink_cannot_be_opened_none_is(tmp_path, monkeypatch):
    values = {"jsonl": tmp_path / "a.jsonl", "save": tmp_path / "no" / "a.mp4"}
    with pytest.raises(BadInput, match="cannot write"):
        sinks.open_all(values, SinkContext())
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(MissingDependency, match="no screen here"):
        sinks.open_all({"show": True, "jsonl": tmp_path / "a.jsonl"}, SinkContext())
    assert list(tmp_path.iterdir()) == []
