"""A plugin file with a fault is one line that names the file, wherever plugins are read."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest
from click.testing import CliRunner

from edge3dpose import models
from edge3dpose.bench import energy
from edge3dpose.cli import cli
from edge3dpose.errors import BadInput
from edge3dpose.runtime import backends, detectors, filters, sinks, sources

READERS = {
    "runtime.sinks": sinks.options,
    "runtime.filters": filters.options,
    "runtime.sources": lambda: sources.find("sample"),
    "runtime.detectors": lambda: detectors.find("faulty"),
    "runtime.backends": backends.find_all,
    "bench.energy": energy.open_meters,
    "models": models.specs,
}
FAULTS = {
    "x = 1": "has none; wanted a ",
    "import no_such_module": "cannot be loaded: ModuleNotFoundError: No module named 'no_such",
    "def (": "cannot be loaded: SyntaxError",
    "1 / 0": "cannot be loaded: ZeroDivisionError",
}
SINK = """
from edge3dpose.plugins import PluginOption
from edge3dpose.runtime.sinks import SinkPlugin

class Faulty(SinkPlugin):
    name = "faulty"
    options = (PluginOption("{flags}", "Again."),)

    def is_on(self, values):
        return False

PLUGIN = Faulty()
"""


@pytest.fixture
def drop(tmp_path, monkeypatch):
    """Adds a file called faulty to a plugin folder, for this process."""

    def add(folder: str, text: str) -> None:
        package = importlib.import_module(f"edge3dpose.{folder}")
        (tmp_path / "faulty.py").write_text(text, encoding="utf-8")
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
        name = f"edge3dpose.{folder}.faulty"
        monkeypatch.setitem(sys.modules, name, None)
        monkeypatch.delitem(sys.modules, name)
        importlib.invalidate_caches()

    return add


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("folder", READERS)
def test_a_fault_is_one_line_with_the_files_name(drop, folder, fault):
    drop(folder, fault)
    with pytest.raises(BadInput, match=FAULTS[fault]) as refused:
        READERS[folder]()
    assert str(refused.value).startswith(f"edge3dpose.{folder}.faulty ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("folder", [name for name in READERS if name != "models"])
def test_a_plugin_of_another_class_is_refused(drop, folder):
    drop(folder, "class PLUGIN: pass")
    with pytest.raises(BadInput, match="faulty has a type; wanted a PLUGIN of type "):
        READERS[folder]()


def test_two_plugins_with_one_option_are_refused(drop):
    drop("runtime.sinks", SINK.format(flags="--jsonl"))
    with pytest.raises(BadInput, match="two plugins declare --jsonl; rename"):
        sinks.options()


@pytest.mark.parametrize("words", [["--help"], ["faulty"], ["faulty", "--help"]])
def test_a_command_with_a_fault_is_one_line(drop, words):
    drop("commands", "import no_such_module")
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 1
    assert result.output.startswith("Error: edge3dpose.commands.faulty cannot be loaded: ")
    assert len(result.output.splitlines()) == 1


def test_an_option_that_a_command_has_itself_is_refused(tmp_path):
    (tmp_path / "faulty.py").write_text(SINK.format(flags="--cut"), encoding="utf-8")
    code = (
        "import sys, edge3dpose.runtime.sinks as sinks\n"
        "sinks.__path__.append(sys.argv.pop(1))\n"
        "from edge3dpose.cli import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), "run", "--source", "sample"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    last = "Error: two parts of run declare --cut; rename the option of a plugin"
    assert done.stderr.splitlines() == [last]
